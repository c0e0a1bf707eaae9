"""Stored files as pictures in lists and forms."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from instagram.models import files
from storage.models import StoredFile
from storage.serving import links

NOTHING = "none yet"


def thumbnail_of(medium: files.HasFiles) -> list[StoredFile | None]:
    """The thumbnail of a medium or a story, for `Pictures`."""
    return [files.thumbnail(medium)]


@dataclass(frozen=True)
class Pictures:
    """A column or field of pictures, `height` pixels high, each linked to its file.

    It is bound to the request, because the setting for signed URLs is read once per request.
    """

    # Django finds a read-only field by equality, so `files` must be a function of a module: each
    # lambda would be another field.

    request: HttpRequest
    files: Callable[[Any], Iterable[StoredFile | None]]
    height: int
    short_description: str = "Picture"

    @property
    def __name__(self) -> str:
        return self.short_description.lower()

    def __call__(self, row: Any) -> SafeString | str:
        known = [file for file in self.files(row) if file and not file.rejected_at]
        return format_html_join(" ", "{}", ((self._picture(file),) for file in known)) or NOTHING

    def _picture(self, file: StoredFile) -> SafeString:
        return format_html(
            '<a href="{0}" target="_blank" rel="noopener"><img src="{0}" alt="" loading="lazy" '
            'style="height: {1}px; max-width: none; border-radius: 4px; display: inline"></a>',
            links.media_url(file, self.request),
            self.height,
        )
