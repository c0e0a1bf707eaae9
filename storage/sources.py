"""What a media URL says about the file behind it. Pure."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

LONGEST_NAME = 200


def source_name(url: str) -> str:
    """The stable identity of the file behind a signed URL.

    The last segment of the path, after unwrapping a proxy's `url=` parameter; a hash of the path
    where that is empty, or too long for a key. The signed query is no part of it, nor is the size.
    """
    parts = urlsplit(_unwrapped(url))
    name = parts.path.rpartition("/")[2]
    if not name or len(name) > LONGEST_NAME:
        return hashlib.sha256(parts.path.encode()).hexdigest()
    return name


def expires_at(url: str) -> datetime | None:
    """When the URL's signature ends (`oe=`, hexadecimal unix seconds); None: it does not say."""
    try:
        seconds = int(parse_qs(urlsplit(_unwrapped(url)).query)["oe"][0], 16)
        return datetime.fromtimestamp(seconds, UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def _unwrapped(url: str) -> str:
    inner = parse_qs(urlsplit(url).query).get("url", [""])[0]
    return inner if inner.startswith(("http://", "https://")) else url
