"""How the body of an answer says that the request failed, one object of it at a time.

The client asks about the envelope, the parser about everything that it unwraps.
Imports nothing from Django, so that the parser can ask.
"""

import re
from collections.abc import Mapping
from typing import Any

# The provider has no code for it, only words.
PRIVATE = re.compile(r"not authorized to view user", re.IGNORECASE)

_MESSAGES = ("message", "message_zh", "errorMessage", "detail")


def is_failure(layer: Mapping[str, Any]) -> bool:
    """Whether the object reports a failure, whatever the HTTP status was."""
    status, code = layer.get("status"), layer.get("code")  # of a post, `code` is a text
    return status is False or status == "fail" or (isinstance(code, int) and code >= 400)


def says(pattern: re.Pattern[str], layer: Mapping[str, Any]) -> bool:
    """Whether a message of the object has these words."""
    texts = (layer.get(name) for name in _MESSAGES)
    return any(pattern.search(text) for text in texts if isinstance(text, str))


def is_nobody(layer: Mapping[str, Any]) -> bool:
    """Whether the object says "no such user". A list of items may carry a null user of its own."""
    return "user" in layer and layer["user"] is None
