"""The address of the toy."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.urls import path

from tests.support.toy_feature.models import Note


def notes(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"notes": Note.objects.count()})


urlpatterns = [path("toy/notes/", notes)]
