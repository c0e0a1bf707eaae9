"""`/<number of bytes>/` behind the middleware, authentication, permission and throttle of the API.

An answer of the API cannot cost less than that, so reads are compared above this floor.
"""

from __future__ import annotations

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path
from rest_framework.request import Request

application = get_wsgi_application()

from rest_framework.views import APIView  # noqa: E402  needs a configured Django


class Bytes(APIView):
    """Answers so many bytes of JSON."""

    def get(self, _request: Request, size: int) -> HttpResponse:
        return HttpResponse(b'"' + b"x" * (size - 2) + b'"', content_type="application/json")


urlpatterns = [path("<int:size>/", Bytes.as_view())]
settings.ROOT_URLCONF = __name__
