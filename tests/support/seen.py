"""A WSGI application that answers with what Django sees of a request."""

from __future__ import annotations

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path


def seen(request: HttpRequest) -> JsonResponse:
    """Scheme, host, and the address that the throttles count."""
    from core.api.throttles import AddressThrottle  # noqa: PLC0415  needs the loaded models

    answer = [request.scheme, request.get_host(), AddressThrottle().address(request)]
    return JsonResponse(answer, safe=False)


urlpatterns = [path("", seen)]
settings.ROOT_URLCONF = __name__
application = get_wsgi_application()
