"""Files of posts and stories: what is shown of an image, and of a video with its cover."""

from __future__ import annotations

from typing import Protocol

from instagram.serializers.base import stored
from storage.models import Asset, StoredFile


class HasFiles(Protocol):
    """A medium of a post, or a story."""

    image: Asset | None
    video: Asset | None
    width: int | None
    height: int | None


def main_file(medium: HasFiles) -> StoredFile | None:
    """The file itself. A video that is not stored yet has none: its cover is no substitute."""
    return stored(medium.video or medium.image)


def thumbnail_file(medium: HasFiles) -> StoredFile | None:
    """Always an image: the image itself, or a video's cover, or else a frame of the video."""
    if image := stored(medium.image):
        return image
    video = stored(medium.video)
    return video.poster if video else None


def blur(medium: HasFiles) -> str:
    """The placeholder of the thumbnail."""
    file = thumbnail_file(medium)
    return file.blur if file else ""


def width(medium: HasFiles) -> int | None:
    """Pixels, as Instagram says, or else as the file is."""
    file = main_file(medium)
    return medium.width or (file.width if file else None)


def height(medium: HasFiles) -> int | None:
    """Pixels, as Instagram says, or else as the file is."""
    file = main_file(medium)
    return medium.height or (file.height if file else None)
