"""Selects the files of posts and stories to show."""

from __future__ import annotations

from typing import Protocol

from storage.models import Asset, StoredFile


class HasFiles(Protocol):
    """A medium of a post, or a story."""

    image: Asset | None
    video: Asset | None


def stored(asset: Asset | None) -> StoredFile | None:
    """The stored file of the asset, if it is available."""
    return asset.file if asset else None


def main(medium: HasFiles) -> StoredFile | None:
    """The image or video. A video that is not stored yet is not replaced by its cover."""
    return stored(medium.video or medium.image)


def thumbnail(medium: HasFiles) -> StoredFile | None:
    """Always an image: the image itself, or a video's cover, or else a frame of the video."""
    if image := stored(medium.image):
        return image
    video = stored(medium.video)
    return video.poster if video else None
