"""Parses the `Range` header (RFC 9110, section 14). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A range of at least one byte."""

    start: int
    length: int

    def content_range(self, size: int) -> str:
        return f"bytes {self.start}-{self.start + self.length - 1}/{size}"


class Unsatisfiable(Exception):
    """The range lies outside the file."""


def parse(header: str, size: int) -> ByteRange | None:
    """Return the requested range, or None if the whole file is to be sent.

    Several ranges and invalid headers are ignored, as the RFC allows. Raises Unsatisfiable.
    """
    match = ONE_RANGE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if first and last and int(last) < int(first):
        return None
    start = int(first) if first else max(0, size - int(last))
    end = min(int(last), size - 1) if first and last else size - 1
    if start > end:
        raise Unsatisfiable
    return ByteRange(start, end - start + 1)
