"""The fields of a medium that describe its files."""

from __future__ import annotations

from typing import Any, Protocol

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from instagram.models import files
from instagram.serializers.base import QualifiedSerializer, Row


class Medium(files.HasFiles, Protocol):
    """A medium of a post, or a story."""

    width: int | None
    height: int | None


class MediumSerializer(QualifiedSerializer[Row]):
    """The files of a medium of a post, or of a story."""

    thumbnail = serializers.SerializerMethodField()
    blur_data_url = serializers.SerializerMethodField()
    media = serializers.SerializerMethodField()

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_thumbnail(self, medium: Any) -> str | None:
        return self.url(files.thumbnail(medium))

    def get_blur_data_url(self, medium: Any) -> str:
        """Raw base64 of a tiny JPEG, or nothing."""
        return blur(medium)

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_media(self, medium: Any) -> str | None:
        return self.url(files.main(medium))


def blur(medium: files.HasFiles) -> str:
    """Raw base64 of the thumbnail's tiny JPEG, or ""."""
    file = files.thumbnail(medium)
    return file.blur if file else ""


def width(medium: Medium) -> int | None:
    # Answers without a size exist, and then the size of the stored file is served.
    file = files.main(medium)
    return medium.width or (file.width if file else None)


def height(medium: Medium) -> int | None:
    file = files.main(medium)
    return medium.height or (file.height if file else None)
