"""Makes any decoded JSON safe to store: what PostgreSQL refuses must not cost a whole page."""

import math
import re
from typing import Any

# Real payloads nest about 20 deep. The bound keeps json.dumps() and jsonb, which recurse,
# away from hostile depths.
MAX_DEPTH = 64

# json.dumps() refuses integers of more than 4300 digits.
_MAX_BITS = 4096

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def storable(value: Any, depth: int = 0) -> Any:
    """A copy without NUL characters, lone surrogates, NaN, infinities and endless integers.

    Characters become U+FFFD; numbers and whatever lies deeper than `MAX_DEPTH` become None.
    """
    if isinstance(value, str):
        return _storable_text(value)
    if isinstance(value, dict | list):
        return None if depth == MAX_DEPTH else _storable_container(value, depth + 1)
    return value if _is_storable_scalar(value) else None


def _storable_container(value: dict[str, Any] | list[Any], depth: int) -> Any:
    if isinstance(value, dict):
        return {_storable_text(key): storable(item, depth) for key, item in value.items()}
    return [storable(item, depth) for item in value]


def _is_storable_scalar(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or value.bit_length() <= _MAX_BITS


def _storable_text(value: str) -> str:
    # Most strings are ASCII, and a search for one character is far cheaper than the pattern.
    if value.isascii() and "\x00" not in value:
        return value
    return _UNSTORABLE.sub(_REPLACEMENT, value)
