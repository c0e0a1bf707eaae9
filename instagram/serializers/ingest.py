"""A story that a program hands in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rest_framework import serializers

from core.api.fields import TextField
from instagram import actions, ingest
from instagram.archiving.parse import values


class FileUrlField(TextField):
    """An address from which a file can be downloaded."""

    def to_internal_value(self, data: Any) -> str:
        """Return the address. Raises ValidationError."""
        try:
            return ingest.checked_url(super().to_internal_value(data))
        except ingest.WrongUrl as error:
            raise serializers.ValidationError(str(error)) from error


class IngestSerializer(serializers.Serializer[Any]):
    """One story. Whether it is a video follows from the end of the path of `media`."""

    username = TextField(max_length=2048)
    story_id = TextField(max_length=64, help_text="Instagram's id, in digits.")
    thumbnail = FileUrlField(max_length=8192, help_text="The address of its picture or cover.")
    media = FileUrlField(max_length=8192, help_text="The address of the picture or video.")
    created_datetime = serializers.DateTimeField(help_text="When it was published.")

    def validate_username(self, text: str) -> str:
        """The username in what was sent."""
        return actions.username_from(text)

    def validate_story_id(self, text: str) -> str:
        """The bare id."""
        found = values.bare_id(text)
        if found is None:
            raise serializers.ValidationError("Enter Instagram's id of the story.")
        return found

    def validate_created_datetime(self, moment: datetime) -> datetime:
        """A moment at which there can have been a story."""
        try:
            return ingest.checked_moment(moment)
        except ingest.WrongMoment as error:
            raise serializers.ValidationError(str(error)) from error


class IngestedSerializer(serializers.Serializer[Any]):
    """What was stored. The addresses of the files are null until they are downloaded."""

    message = serializers.CharField()
    user_created = serializers.BooleanField()
    story_created = serializers.BooleanField()
    username = serializers.CharField()
    story_id = serializers.CharField()
    thumbnail_url = serializers.URLField(allow_null=True)
    media_url = serializers.URLField(allow_null=True)
    processed_at = serializers.DateTimeField()
