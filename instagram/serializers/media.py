"""The fields of a medium that describe its files."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.rows import reads
from core.db.selection import Row
from instagram.serializers.base import QualifiedSerializer

IMAGE, VIDEO, POSTER = "image__file", "video__file", "video__file__poster"


def columns(path: str, *names: str) -> tuple[str, ...]:
    """The columns of the file that a path of the model leads to."""
    return tuple(f"{path}__{name}" for name in names)


NAMES = ("sha256", "extension")
MAIN = ("video_id", *columns(IMAGE, *NAMES), *columns(VIDEO, *NAMES))
THUMBNAIL = (*columns(IMAGE, *NAMES), *columns(POSTER, *NAMES))
BLUR = ("image__file__sha256", "image__file__blur", "video__file__poster__blur")


def size(name: str) -> tuple[str, ...]:
    """The columns for `width` or `height`."""
    return (name, "video_id", *(f"{path}__{name}" for path in (IMAGE, VIDEO)))


class MediumSerializer(QualifiedSerializer):
    """The files of a medium of a post, or of a story."""

    thumbnail = serializers.SerializerMethodField()
    blur_data_url = serializers.SerializerMethodField()
    media = serializers.SerializerMethodField()

    @extend_schema_field(serializers.URLField(allow_null=True))
    @reads(*THUMBNAIL)
    def get_thumbnail(self, row: Row) -> str | None:
        return self.url(row, thumbnail(row))

    @reads(*BLUR)
    def get_blur_data_url(self, row: Row) -> str:
        """Raw base64 of a tiny JPEG, or nothing."""
        return row[f"{thumbnail(row)}__blur"] or ""

    @extend_schema_field(serializers.URLField(allow_null=True))
    @reads(*MAIN)
    def get_media(self, row: Row) -> str | None:
        return self.url(row, main(row))


def main(row: Row) -> str:
    """The path of the image or video. A video that is not stored is not replaced by its cover."""
    return VIDEO if row["video_id"] else IMAGE


def thumbnail(row: Row) -> str:
    """The path of an image: the image itself, or a video's cover, or else a frame of the video."""
    return IMAGE if row["image__file__sha256"] else POSTER


def pixels(row: Row, name: str) -> int | None:
    """The width or height of the medium."""
    # Answers without a size exist, and then the size of the stored file is served.
    given: int | None = row[name] or row[f"{main(row)}__{name}"]
    return given
