"""Takes secrets out of whatever is about to be stored or logged. Pure; imports no Django.

Bodies are treated as text, because those that leak are often cut off, HTML or quoted inside others.
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
        # A capability: whoever holds the address may read the answer.
        (r"https?(?::|%3A)(?:\\*/|%2F){2}cache\.tikhub[^\s\"'<>]*", MARK),
        (rf"([?&](?:sign|{_NAMES})=)[^&\s\"'<>\\]+", rf"\1{MARK}"),
        (r"\b((?:(?:set-)?cookie|authorization|x-api-key)\s*[:=]\s*)[^\r\n\"]+", rf"\1{MARK}"),
        (r"\b(bearer(?:\s|%20|\+)+)[^\s\"'<>,;\\]+", rf"\1{MARK}"),
        # The 401 body: "the API key that you submitted is <key>"
        (r"(API令牌为\s*)[^\s\"<>。]+", rf"\1{MARK}"),
    )
)


def text(value: str, secrets: Iterable[str]) -> str:
    """The text without the given secrets, in any usual spelling, and without what looks like one.

    NUL, which PostgreSQL refuses, becomes U+FFFD.
    """
    for secret in secrets:
        if secret:
            value = _spellings(secret).sub(MARK, value)
    for pattern, replacement in _RULES:
        value = pattern.sub(replacement, value)
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}")


def excerpt(body: bytes, limit: int, secrets: tuple[str, ...]) -> str:
    """The first `limit` characters of the body as redacted text.

    A secret that the cut would split is read beyond the limit, so no half of it stays.
    """
    if not limit:
        return ""
    margin = MAX_SPELLING_LENGTH * max(map(len, secrets), default=0)
    wanted = limit + margin
    # A character has at most 4 bytes; one more tells whether something was cut off.
    readable = body[: 4 * (wanted + 1)].decode("utf-8", "replace")
    clean = text(readable[:wanted], secrets)
    if len(readable) > wanted:
        clean = clean[: max(len(clean) - margin, 0)]
    return clean[:limit]


def params(values: Mapping[str, object], secrets: Iterable[str]) -> dict[str, str]:
    """Query parameters for the log: sensitive names lose their value, others are redacted."""
    secrets = tuple(secrets)
    return {
        name: MARK if _NAME.fullmatch(name) else text(str(value), secrets)
        for name, value in values.items()
    }


@lru_cache(maxsize=8)
def _spellings(secret: str) -> re.Pattern[str]:
    """The secret as itself, percent-encoded, JSON-escaped, or any mixture, at any depth."""
    return re.compile("".join(map(_spelling, secret)), re.IGNORECASE)


def _spelling(letter: str) -> str:
    percent = "".join(f"%(?:25)*{byte:02x}" for byte in letter.encode())
    # Bounded: an endless row of backslashes must not cost quadratic time.
    return rf"(?:\\{{0,4}}{re.escape(letter)}|{percent}|\\{{1,4}}u{ord(letter):04x})"
