"""How the rest of a file is asked for, and whether an answer is that rest (RFC 9110, 13 to 15)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol

from storage.partial_files import Part, Version

SETTLED = timedelta(seconds=60)
"""Older than this, a modification time names one version: its clock counts whole seconds."""


class Response(Protocol):
    """What is known of an answer before its body."""

    status: int
    headers: list[tuple[bytes, bytes]]


def asked_for(part: Part) -> dict[bytes | str, bytes | str]:
    """The headers that ask for the rest of the part; none where all of it is to be sent."""
    if part.version is None or not part.can_go_on:
        return {}
    return {"Range": f"bytes={part.size}-", "If-Range": part.version.validator}


def is_useless(part: Part, response: Response) -> bool:
    """Whether the host answers our question for the rest with something else than a beginning."""
    if not part.size or response.status not in {206, 416}:
        return False
    return response.status == 416 or not _is_the_rest(part, response)


def version(response: Response) -> Version | None:
    """What a whole answer is a version of; None where nothing tells it from another.

    Of an encoded answer the length is not that of the file, and its bytes are not those we have.
    """
    if _is_encoded(response):
        return None
    validator = _validator(response)
    total = length(response)
    return Version(validator, total) if validator and total else None


def header(response: Response, wanted: bytes) -> str:
    """The first value of a header; empty where there is none."""
    values = (value for name, value in response.headers if name.lower() == wanted)
    return next(values, b"").decode("latin-1")


def length(response: Response) -> int:
    """The announced length of the body in bytes, 0 where none is announced."""
    text = header(response, b"content-length")
    return int(text) if text.isdecimal() else 0


def _is_encoded(response: Response) -> bool:
    return header(response, b"content-encoding").strip().lower() not in {"", "identity"}


def _is_the_rest(part: Part, response: Response) -> bool:
    if part.version is None:
        return False
    total = part.version.total
    return (
        header(response, b"content-range") == f"bytes {part.size}-{total - 1}/{total}"
        and _validator(response) == part.version.validator
        and length(response) in {0, total - part.size}
        and not _is_encoded(response)
    )


def _validator(response: Response) -> str:
    """The strong ETag, else a modification time that is old enough to be strong; else empty."""
    etag = header(response, b"etag")
    if len(etag) > 2 and etag.startswith('"') and etag.endswith('"') and etag.isascii():
        return etag
    modified = header(response, b"last-modified")
    then, now = _time(modified), _time(header(response, b"date"))
    return modified if then and now and now - then >= SETTLED else ""


def _time(text: str) -> datetime | None:
    try:
        time = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
