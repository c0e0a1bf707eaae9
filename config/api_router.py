"""Every address of the REST API."""

from django.urls import include, path, re_path

from core.api.errors import not_found

urlpatterns = [
    path("instagram/", include("instagram.urls")),
    path("authentication/", include("authentication.urls")),
    re_path(r"^(?:instagram|authentication)(?:/|$)", not_found),
]
