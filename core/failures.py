"""Recognises failures in the JSON body of an answer, one object at a time.

The client checks the envelope and the parser checks the objects inside of it. This module imports
nothing from Django, so that the parser can use it.
"""

import re
from collections.abc import Mapping
from typing import Any

# The provider has no code for this, only text.
PRIVATE = re.compile(r"not authorized to view user", re.IGNORECASE)

_MESSAGES = ("message", "message_zh", "errorMessage", "detail")


def is_failure(layer: Mapping[str, Any]) -> bool:
    """Whether the object reports a failure. The provider does so with HTTP 200 as well."""
    status, code = layer.get("status"), layer.get("code")  # `code` of a post is a text
    return status is False or status == "fail" or (isinstance(code, int) and code >= 400)


def says(pattern: re.Pattern[str], layer: Mapping[str, Any]) -> bool:
    """Whether a message of the object matches."""
    texts = (layer.get(name) for name in _MESSAGES)
    return any(pattern.search(text) for text in texts if isinstance(text, str))


def says_no_such_user(layer: Mapping[str, Any]) -> bool:
    """Whether the object says "no such user". An item of a list may have a null user as well."""
    return "user" in layer and layer["user"] is None
