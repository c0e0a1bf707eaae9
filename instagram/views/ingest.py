"""Stories from trusted programs."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from core.api.errors import REFUSALS
from core.api.fields import valid
from core.api.idempotency import idempotent
from core.api.permissions import needs_key
from core.scopes import Scope
from instagram import ingest
from instagram.serializers.ingest import IngestedSerializer, IngestSerializer
from instagram.serializers.stories import StorySerializer

REFUSALS[ingest.StoryOfAnother] = lambda error: ValidationError({"story_id": [str(error)]})


class IngestViewSet(ViewSet):
    """Stories that a program hands in."""

    permission_classes = (needs_key(Scope.INGEST),)

    @extend_schema(
        request=IngestSerializer, responses={200: IngestedSerializer, 201: IngestedSerializer}
    )
    @idempotent
    def create(self, request: Request) -> Response:
        """Store a story from another program; 200 when it was there already.

        Its files are downloaded like those of any story. An unknown profile is added by its name;
        nothing of it is asked from the Core API.
        """
        given = valid(IngestSerializer(data=request.data))
        username = given.pop("username")
        stored = ingest.story(username, ingest.record_of(**given))
        return Response(
            _shown(request, stored, username=username),
            status=status.HTTP_201_CREATED if stored.story_created else status.HTTP_200_OK,
        )


def _shown(request: Request, stored: ingest.Ingested, *, username: str) -> dict[str, Any]:
    serializer = StorySerializer.showing({"request": request})
    [story] = serializer.show(serializer.get(stored.story.pk))
    message = "The story is stored." if stored.story_created else "The story was stored already."
    values = {
        "message": message,
        "user_created": stored.user_created,
        "story_created": stored.story_created,
        "username": username,
        "story_id": stored.story.pk,
        "thumbnail_url": story["thumbnail"],
        "media_url": story["media"],
        "processed_at": timezone.now(),
    }
    return dict(IngestedSerializer(values).data)
