"""Addresses under /authentication/."""

from django.urls import path

from authentication import views

urlpatterns = [
    path("login/", views.LoginView.as_view(), name="login"),
    path("me/", views.MeView.as_view(), name="me"),
    path("refresh/", views.RefreshView.as_view(), name="refresh"),
    path("register/", views.RegisterView.as_view(), name="register"),
    path("validate/", views.ValidateView.as_view(), name="validate"),
]
