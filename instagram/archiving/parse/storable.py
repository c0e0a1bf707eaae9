"""Makes decoded JSON safe to store, so that a value that PostgreSQL refuses costs no page."""

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
    """A copy without NUL characters, lone surrogates, NaN, infinities and huge integers.

    Such characters become U+FFFD. Such numbers, and values deeper than `MAX_DEPTH`, become None.
    """
    if isinstance(value, str):
        return _storable_text(value)
    if isinstance(value, dict | list) and depth == MAX_DEPTH:
        return None
    if isinstance(value, dict):
        return {_storable_text(key): storable(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item, depth + 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return None if isinstance(value, int) and value.bit_length() > _MAX_BITS else value


def _storable_text(value: str) -> str:
    # Most strings are ASCII, and a search for one character is far cheaper than the pattern.
    if value.isascii() and "\x00" not in value:
        return value
    return _UNSTORABLE.sub(_REPLACEMENT, value)
