"""Parts of paths."""

from __future__ import annotations


class Identifier:
    """An id of Instagram in a path: anything but a slash, and NUL, which PostgreSQL refuses."""

    regex = r"[^/\0]+"

    def to_python(self, value: str) -> str:
        """As it stands."""
        return value

    def to_url(self, value: str) -> str:
        """As it stands."""
        return value
