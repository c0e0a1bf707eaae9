"""What a media URL says about the file behind it. Pure."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from urllib.parse import SplitResult, parse_qs, urlsplit

MAX_NAME_LENGTH = 200
IMAGE_EXTENSIONS = r"(\.(jpe?g|png|webp|heic|avif))+$"
"""At the end of a name, singly or chained. Also a pattern of PostgreSQL."""

_IMAGE_EXTENSIONS = re.compile(IMAGE_EXTENSIONS, re.ASCII | re.IGNORECASE)


def source_name(url: str) -> str:
    """The stable identity of the file behind a signed URL.

    The last segment of the path, after unwrapping a proxy's `url=` parameter; a hash of the path
    where that is empty, or too long for a key. The signed query is no part of it, nor is the size.
    """
    parts = _parts(url)
    name = parts.path.rpartition("/")[2]
    if not name or len(name) > MAX_NAME_LENGTH:
        return hashlib.sha256(parts.path.encode()).hexdigest()
    return name


def identity(name: str, *, is_video: bool) -> str:
    """What stays the same of a source name: Instagram changes the extensions of a picture.

    `a_n.jpg`, `a_n.webp` and `a_n.webp.jpg` are one picture; the name of a video is what it is.
    """
    return name if is_video else _IMAGE_EXTENSIONS.sub("", name)


def expires_at(url: str) -> datetime | None:
    """When the URL's signature ends (`oe=`, hexadecimal unix seconds); None: it does not say."""
    try:
        seconds = int(parse_qs(_parts(url).query)["oe"][0], 16)
        return datetime.fromtimestamp(seconds, UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def host(url: str) -> str:
    """The host and port that the URL names; empty where it cannot be read."""
    return _split(url).netloc


def _parts(url: str) -> SplitResult:
    """The parts of the URL, or of the one that a proxy's URL carries."""
    parts = _split(url)
    inner = parse_qs(parts.query).get("url", [""])[0]
    return _split(inner) if inner.startswith(("http://", "https://")) else parts


def _split(url: str) -> SplitResult:
    """Split the URL; one that nobody can read is all path, and its download fails by itself."""
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", url, "", "")
