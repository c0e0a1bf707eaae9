"""Addresses under /instagram/costs/."""

from django.urls import path

from api_logs.views import CostsView

urlpatterns = [path("", CostsView.as_view(), name="costs")]
