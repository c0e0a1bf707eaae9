"""Removes secrets from texts before they are stored or logged. Pure; imports no Django.

Bodies are treated as text: a body that leaks a secret is often cut off, HTML, or quoted in another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

MARK = "[redacted]"

# A character may be written in up to 12 (`%2525..`, `\\\\u0041`); see `_spellings`.
MAX_SPELLING_LENGTH = 12

_NAMES = (
    r"(?:proxy-)?authorization|(?:set-)?cookie|x-api-key|api[_-]?key|(?:access|refresh)[_-]?token"
    r"|token|secret|password|cache_url"
)
_NAME = re.compile(_NAMES, re.IGNORECASE)
_RULES = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        (rf'("(?:{_NAMES})"\s*:\s*")(?:[^"\\]|\\.)+', rf"\1{MARK}"),
        # The provider's cache serves an answer to every client that knows its URL.
        (r"https?(?::|%3A)(?:\\*/|%2F){2}cache\.tikhub[^\s\"'<>]*", MARK),
        (rf"([?&](?:sign|{_NAMES})=)[^&\s\"'<>\\]+", rf"\1{MARK}"),
        (r"\b((?:(?:set-)?cookie|authorization|x-api-key)\s*[:=]\s*)[^\r\n\"]+", rf"\1{MARK}"),
        (r"\b(bearer(?:\s|%20|\+)+)[^\s\"'<>,;\\]+", rf"\1{MARK}"),
        # The 401 body: "the API key that you submitted is <key>"
        (r"(API令牌为\s*)[^\s\"<>。]+", rf"\1{MARK}"),
    )
)


def text(value: str, secrets: Iterable[str]) -> str:
    """Return the text without the secrets, in any usual spelling, and without likely secrets.

    NUL becomes U+FFFD, because PostgreSQL rejects NUL in text.
    """
    for secret in secrets:
        if secret:
            value = _spellings(secret).sub(MARK, value)
    for pattern, replacement in _RULES:
        value = pattern.sub(replacement, value)
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}")


def excerpt(body: bytes, limit: int, secrets: tuple[str, ...]) -> str:
    """Return the first `limit` characters of the body as redacted text."""
    if not limit:
        return ""
    # Read beyond the limit: half a secret at the cut would not be recognised.
    margin = MAX_SPELLING_LENGTH * max(map(len, secrets), default=0)
    wanted = limit + margin
    # A character has at most 4 bytes; one more tells whether something was cut off.
    readable = body[: 4 * (wanted + 1)].decode("utf-8", "replace")
    clean = text(readable[:wanted], secrets)
    if len(readable) > wanted:
        clean = clean[: max(len(clean) - margin, 0)]
    return clean[:limit]


def params(values: Mapping[str, object], secrets: Iterable[str]) -> dict[str, str]:
    """Return query parameters for the log, redacted. Sensitive names lose their whole value."""
    secrets = tuple(secrets)
    return {
        name: MARK if _NAME.fullmatch(name) else text(str(value), secrets)
        for name, value in values.items()
    }


@lru_cache(maxsize=8)
def _spellings(secret: str) -> re.Pattern[str]:
    """Match the secret as it is, percent-encoded, JSON-escaped, or mixed, at any depth."""
    return re.compile("".join(map(_spellings_of, secret)), re.IGNORECASE)


def _spellings_of(letter: str) -> str:
    percent = "".join(f"%(?:25)*{byte:02x}" for byte in letter.encode())
    # Bounded: an endless row of backslashes must not cost quadratic time.
    return rf"(?:\\{{0,4}}{re.escape(letter)}|{percent}|\\{{1,4}}u{ord(letter):04x})"
