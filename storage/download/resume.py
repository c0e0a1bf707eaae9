"""Requests for the rest of a file, and checks of the answers (RFC 9110, sections 13 to 15)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from storage.download.connections import Response
from storage.partial_files import PartialDownload, Version

# A modification time counts whole seconds, so two versions may share a recent one. Only an older
# one identifies a version (RFC 9110, section 8.8.2.2).
MIN_AGE = timedelta(seconds=60)


def range_headers(partial: PartialDownload) -> dict[bytes, bytes]:
    """Return the headers that ask for the rest; none if the whole file is to be sent."""
    if partial.version is None or not partial.can_resume:
        return {}
    return {
        b"Range": b"bytes=%d-" % partial.size,
        b"If-Range": partial.version.validator.encode("latin-1"),
    }


def is_useless(partial: PartialDownload, response: Response) -> bool:
    """Return whether the answer brings neither the rest that was asked for nor the whole file."""
    if not partial.size or response.status not in {206, 416}:
        return False
    return response.status == 416 or not _is_rest(partial, response)


def version(response: Response) -> Version | None:
    """Return the version of a whole answer, or None if its download cannot be resumed.

    An encoded answer cannot be resumed: its length and ranges count encoded bytes, and the bytes on
    disk are decoded.
    """
    if _is_encoded(response):
        return None
    validator = _validator(response)
    total = length(response)
    return Version(validator, total) if validator and total else None


def header(response: Response, wanted: bytes) -> str:
    """Return the first value of a header, or "" if it is missing."""
    values = (value for name, value in response.headers if name.lower() == wanted)
    return next(values, b"").decode("latin-1")


def length(response: Response) -> int:
    """Return the announced length of the body in bytes, or 0 if none is announced."""
    text = header(response, b"content-length")
    return int(text) if text.isdecimal() else 0


def _is_encoded(response: Response) -> bool:
    return header(response, b"content-encoding").strip().lower() not in {"", "identity"}


def _is_rest(partial: PartialDownload, response: Response) -> bool:
    if partial.version is None:
        return False
    total = partial.version.total
    return (
        header(response, b"content-range") == f"bytes {partial.size}-{total - 1}/{total}"
        and _validator(response) == partial.version.validator
        and length(response) in {0, total - partial.size}
        and not _is_encoded(response)
    )


def _validator(response: Response) -> str:
    """Return the strong ETag, or a modification time that is old enough to be strong, or ""."""
    etag = header(response, b"etag")
    if len(etag) > 2 and etag.startswith('"') and etag.endswith('"') and etag.isascii():
        return etag
    modified = header(response, b"last-modified")
    then, now = _time(modified), _time(header(response, b"date"))
    return modified if then and now and now - then >= MIN_AGE else ""


def _time(text: str) -> datetime | None:
    try:
        time = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
