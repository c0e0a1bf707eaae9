"""URL path converters."""

from __future__ import annotations


class Identifier:
    """An Instagram id in a path: any text without a slash or NUL, which PostgreSQL rejects."""

    regex = r"[^/\0]+"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value
