"""Reads facts about a file from its media URL. Pure."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import SplitResult, parse_qs, urlsplit

MAX_NAME_LENGTH = 200
# One or several extensions at the end of a name. PostgreSQL uses the same pattern.
IMAGE_EXTENSIONS = r"(\.(jpe?g|png|webp|heic|avif))+$"

_IMAGE_EXTENSIONS = re.compile(IMAGE_EXTENSIONS, re.ASCII | re.IGNORECASE)


def source_name(url: str) -> str:
    """Return the stable name of the file behind a signed URL.

    This is the last segment of the path, after unwrapping a proxy's `url=` parameter, or a hash of
    the path if that segment is empty or too long. The query is ignored, because signatures change.
    """
    parts = _parts(url)
    name = parts.path.rpartition("/")[2]
    if not name or len(name) > MAX_NAME_LENGTH:
        return hashlib.sha256(parts.path.encode()).hexdigest()
    return name


def identity(name: str, *, is_video: bool) -> str:
    """Return the part of a source name that stays the same for one file.

    Instagram serves one picture as `a_n.jpg`, `a_n.webp` and `a_n.webp.jpg`, so extensions are cut
    off. The name of a video is kept.
    """
    return name if is_video else _IMAGE_EXTENSIONS.sub("", name)


def expires_at(url: str) -> datetime | None:
    """Return when the signature ends (`oe=`, hexadecimal Unix time).

    Returns None if the URL carries no expiry.
    """
    try:
        seconds = int(parse_qs(_parts(url).query)["oe"][0], 16)
        return datetime.fromtimestamp(seconds, UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        return None


@lru_cache(maxsize=256)  # a download asks several times for the host of one URL
def host(url: str) -> str:
    """Return the host and port of the URL, or "" if it cannot be parsed."""
    return _split(url).netloc


@lru_cache(maxsize=1024)  # a page asks for name and expiry of one URL, and again for another tab
def _parts(url: str) -> SplitResult:
    """Split the URL, or the inner URL in a proxy's `url=` parameter."""
    parts = _split(url)
    if "url=" not in parts.query:  # which is far cheaper to see than to parse the query
        return parts
    inner = parse_qs(parts.query).get("url", [""])[0]
    return _split(inner) if inner.startswith(("http://", "https://")) else parts


def _split(url: str) -> SplitResult:
    """Split the URL. An invalid URL becomes a path only, and its download fails later."""
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", url, "", "")
