"""Instagram usernames: what providers send and what people type. Pure.

The two rules differ on purpose. A profile that a provider returns is stored even if its name breaks
Instagram's current rule. A name that a person types must follow that rule, because looking it up
costs money.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

USERNAME = re.compile(r"[a-z0-9._]{1,30}", re.ASCII | re.IGNORECASE)
MISPLACED_DOT = re.compile(r"^\.|\.\.|\.$")
# Scheme, host and default port of Instagram's URLs, then the path. No user name may stand before
# the host: `instagram.com@other.example` points to another host.
ADDRESS = re.compile(
    r"(?:https?://)?(?:(?:www|m)\.)?(?:instagram\.com|instagr\.am)\.?(?::(?:80|443))?/"
    r"(?P<path>[^?#]*)(?:[?#].*)?",
    re.ASCII | re.IGNORECASE,
)
# Segments that precede a name: `/stories/NAME/ID/`, `/_u/NAME/` (links into the app), `/n/NAME/`
# (links in e-mails).
BEFORE_A_NAME = frozenset({"stories", "_u", "n"})
OF_A_POST = frozenset({"p", "reel", "reels", "tv"})
# First segments of Instagram's own paths, taken from its pages, its robots.txt and its app. No
# profile can have such a name. `highlights` is here because of `/stories/highlights/ID/`.
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


class InvalidUsername(ValueError):
    """The text does not name a profile. The message gives the reason."""


def in_lower_case(text: str) -> str | None:
    """The name that a provider sent, in the form that Instagram stores; None if invalid."""
    return text.lower() if USERNAME.fullmatch(text) else None


def from_text(text: str) -> str:
    """The username in a text that a person typed: ` @Name `, `NAME`, or the URL of a profile.

    Raises InvalidUsername.
    """
    text = text.strip()
    name = in_lower_case((_in_address(text) if "/" in text else text).removeprefix("@"))
    if name is None or MISPLACED_DOT.search(name):
        raise InvalidUsername(RULE)
    if name in RESERVED:
        raise InvalidUsername(
            f"{name!r} is a page of Instagram, not a profile. The address of a post, reel or "
            "highlight does not name its owner: enter the name of the profile."
        )
    return name


def _in_address(text: str) -> str:
    """The path segment of a URL that holds the name; "" if there is none."""
    address = ADDRESS.fullmatch(text)
    segments = [unquote(part) for part in address["path"].split("/") if part] if address else []
    if {".", ".."} & {*segments}:  # browsers resolve these to another path
        return ""
    if not segments[1:] or segments[0].lower() not in BEFORE_A_NAME:
        return segments[0] if segments else ""
    # A profile may be called `n`. Its pages are `/n/tagged/`, `/n/reel/CODE/` and `/n/p/CODE/`.
    page = segments[1].lower()
    is_page = page == "tagged" or (segments[2:] and page in OF_A_POST)
    return segments[0] if is_page and segments[0].lower() not in RESERVED else segments[1]
