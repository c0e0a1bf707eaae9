"""What is shown of the files of a medium beside their addresses."""

from __future__ import annotations

from typing import Protocol

from instagram.models import files


class Medium(files.HasFiles, Protocol):
    """A medium of a post, or a story."""

    width: int | None
    height: int | None


def blur(medium: files.HasFiles) -> str:
    """The placeholder of the thumbnail."""
    file = files.thumbnail(medium)
    return file.blur if file else ""


def width(medium: Medium) -> int | None:
    """Pixels, as Instagram says, or else as the file is."""
    file = files.main(medium)
    return medium.width or (file.width if file else None)


def height(medium: Medium) -> int | None:
    """Pixels, as Instagram says, or else as the file is."""
    file = files.main(medium)
    return medium.height or (file.height if file else None)
