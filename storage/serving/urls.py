"""The URL of stored files: `/media/<sha[:2]>/<sha>.<extension>`."""

from django.urls import re_path

from storage.serving.views import MediaView

urlpatterns = [
    re_path(
        r"^media/(?P<name>[0-9a-f]{2}/[0-9a-f]{64}\.[a-z0-9]{1,8})$",
        MediaView.as_view(),
        name="media",
    ),
]
