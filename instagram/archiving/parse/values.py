"""Typed readers of single JSON values. They return None for a value of the wrong kind.

They never raise, and never turn "unknown" into 0 or an empty string.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from core import texts, usernames
from instagram.archiving.records import Raw

Value = TypeVar("Value")

# PostgreSQL's bigint and integer: a larger number is an error, and must not cost the whole page.
BIGINT_MAX = 2**63 - 1
INTEGER_MAX = 2**31 - 1
MAX_URL_LENGTH = 8192  # characters; servers refuse longer ones
# Instagram began in 2010, and a zero must not be read as 1970. The range is so short that a number
# is in it in one unit at most, so seconds, milliseconds and microseconds cannot be confused.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
UNITS_PER_SECOND = (1, 1_000, 1_000_000)

_NOTHING: Mapping[str, Any] = {}
_ID = re.compile(r"([1-9][0-9]{0,31})(?:_[0-9]*)?")
_SHORTCODE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_URL = re.compile(r"https?://[^\s/?#]+\S*", re.IGNORECASE)


def mapping(value: object) -> Raw:
    """The object, or an empty one, so that `get` can be chained."""
    return value if isinstance(value, dict) else _NOTHING


def sequence(value: object) -> Sequence[object]:
    """The list, or an empty one."""
    return value if isinstance(value, list) else ()


def first(*values: Value | None) -> Value | None:
    """The first value that is not None."""
    return next((value for value in values if value is not None), None)


def text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def display_name(value: object) -> str | None:
    # Real names have up to 64 characters. A longer one would not fit into an index.
    return bounded(value, texts.NAME)


def bounded(value: object, bound: int) -> str | None:
    """The text, cut to one character more than the bound."""
    # The character above the bound shows that the text was cut.
    whole = text(value)
    return whole if whole is None else whole[: bound + 1]


def flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def count(value: object) -> int | None:
    """A number of things that fits a bigint. Instagram's -1 means "hidden", so it becomes None."""
    if isinstance(value, str) and _is_number(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= BIGINT_MAX else None


def pixels(value: object) -> int | None:
    """A width or a height; 0 stands for unknown in some payloads."""
    size = count(value)
    return size if size and size <= INTEGER_MAX else None


def decimal(value: object, *, lowest: float, highest: float) -> float | None:
    """A number within the bounds."""
    # Some payloads have longitudes as text.
    if isinstance(value, str):
        value = _decimal_from_text(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # The comparison is false for NaN, and for integers that float() would refuse.
    return float(value) if lowest <= value <= highest else None


def _decimal_from_text(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def seconds(value: object) -> float | None:
    return decimal(value, lowest=0, highest=INTEGER_MAX)


def url(value: object) -> str | None:
    """An absolute http(s) URL."""
    if not isinstance(value, str) or len(value) > MAX_URL_LENGTH:
        return None
    return value if _URL.fullmatch(value) else None


def username(value: object) -> str | None:
    """A valid username in lower case."""
    return usernames.in_lower_case(value) if isinstance(value, str) else None


def shortcode(value: object) -> str | None:
    return value if isinstance(value, str) and _SHORTCODE.fullmatch(value) else None


def bare_id(*candidates: object) -> str | None:
    """The first valid Instagram id as a string of digits, `<pk>_<user>` cut to its pk."""
    # Text first: proxies written in JavaScript round numbers above 2^53, and then `pk` is rounded
    # while `id` is exact. Floats are refused for the same reason.
    matches = (_ID.fullmatch(each) for each in candidates if isinstance(each, str))
    if match := first(*matches):
        return match[1]
    return first(*map(_id_from_number, candidates))


def _id_from_number(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    # The bound comes first: str() refuses integers of more than 4300 digits.
    return str(value) if 0 < value < 10**32 else None


def moment(value: object) -> datetime | None:
    """An aware time from ISO 8601, or from seconds, milliseconds or microseconds since 1970.

    The number may be a text.
    """
    if isinstance(value, str):
        return _from_epoch(float(value)) if _is_number(value) else _from_iso(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return _from_epoch(value)


def _is_number(value: str) -> bool:
    # str.isdigit() accepts digits of other scripts; 19 digits are enough for every bigint.
    return value.isascii() and value.isdigit() and len(value) < 20


def _from_epoch(value: float) -> datetime | None:
    for units in UNITS_PER_SECOND:
        # The comparison is false for NaN, which fromtimestamp() would refuse.
        if EARLIEST.timestamp() * units <= value < LATEST.timestamp() * units:
            return datetime.fromtimestamp(value / units, UTC)
    return None


def _from_iso(value: str) -> datetime | None:
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    # The year is checked before the shift to UTC, which overflows at the ends of the calendar.
    if not EARLIEST.year <= read.year < LATEST.year:
        return None
    # Times without an offset are UTC in every payload seen.
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
