"""Usernames of Instagram: what a provider may send, and what a person may ask for. Pure.

The two differ on purpose. What a provider says about a profile is kept although its name breaks
the rule that Instagram has today; what a person types costs money, so it has to follow that rule.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

USERNAME = re.compile(r"[a-z0-9._]{1,30}", re.ASCII | re.IGNORECASE)
MISPLACED_DOT = re.compile(r"^\.|\.\.|\.$")
# Scheme, host and default port of Instagram's addresses, then the path. Nothing else may stand
# before the path: `instagram.com@other.example` is a host of somebody else.
ADDRESS = re.compile(
    r"(?:https?://)?(?:(?:www|m)\.)?(?:instagram\.com|instagr\.am)\.?(?::(?:80|443))?/"
    r"(?P<path>[^?#]*)(?:[?#].*)?",
    re.ASCII | re.IGNORECASE,
)
# A name may follow these: `/stories/NAME/ID/`, `/_u/NAME/` (links into the app), `/n/NAME/`
# (links in e-mails).
BEFORE_A_NAME = frozenset({"stories", "_u", "n"})
# First segments of Instagram's own paths, as its pages, its robots.txt and its app use them, so no
# profile can have one of them as its name. `highlights` is here for `/stories/highlights/ID/`.
RESERVED = frozenset(
    {
        "_n", "_u", "about", "accounts", "ajax", "api", "ar", "archive", "challenge", "create",
        "data", "developer", "developers", "direct", "directory", "download", "emails", "explore",
        "favicon.ico", "fxcal", "graphql", "highlights", "invites", "language", "legal", "nametag",
        "notifications", "oauth", "p", "press", "privacy", "push", "reel", "reels", "robots.txt",
        "s", "session", "share", "static", "stories", "terms", "topics", "tv", "web",
        "your_activity",
    }
)  # fmt: skip
RULE = (
    "Not an Instagram username: use 1 to 30 letters, digits, periods or underscores, with no "
    "period at either end and no two in a row, or the address of a profile."
)


class NotAUsername(ValueError):
    """What a person gave names no profile; the text says why."""


def in_lower_case(text: str) -> str | None:
    """The name that a provider sent, as Instagram holds it; None where it can be none at all."""
    return text.lower() if USERNAME.fullmatch(text) else None


def from_text(text: str) -> str:
    """The username in what a person typed: ` @Name `, `NAME`, or an address that names a profile.

    Raises NotAUsername.
    """
    text = text.strip()
    name = in_lower_case((_in_address(text) if "/" in text else text).removeprefix("@"))
    if name is None or MISPLACED_DOT.search(name):
        raise NotAUsername(RULE)
    if name in RESERVED:
        raise NotAUsername(
            f"{name!r} is a page of Instagram and no profile. The address of a post, reel or "
            "highlight does not say whose it is: give the name of the profile."
        )
    return name


def _in_address(text: str) -> str:
    """The segment of an address that is the name; empty where there is none."""
    address = ADDRESS.fullmatch(text)
    segments = [unquote(part) for part in address["path"].split("/") if part] if address else []
    if {".", ".."} & {*segments}:  # a browser would go elsewhere
        return ""
    if segments[1:] and segments[0].lower() in BEFORE_A_NAME:
        return segments[1]
    return segments[0] if segments else ""
