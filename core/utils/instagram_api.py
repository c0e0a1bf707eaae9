"""One function per endpoint of the Core API; each returns the provider's payload unchanged.

Paths and prices are defined in ENDPOINTS only, so a renamed path changes one line.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal

from core.usernames import USERNAME
from core.utils.answers import Payload
from core.utils.core_api import Endpoint, make_request
from core.utils.errors import (
    BadRequest,
    CoreAPIError,
    Forbidden,
    NotAvailable,
    RateLimited,
    Transient,
    UnexpectedPayload,
)

V1 = Decimal("0.001")
V2 = Decimal("0.002")

ENDPOINTS = {
    name: Endpoint(name, f"/api/v1/instagram/{path}", price)
    for name, path, price in (
        ("user_by_username", "v1/fetch_user_info_by_username", V1),
        ("user_by_username_v2", "v1/fetch_user_info_by_username_v2", V1),
        ("user_by_username_v3", "v1/fetch_user_info_by_username_v3", V1),
        ("user_by_id", "v1/fetch_user_info_by_id", V1),
        ("user_by_id_v2", "v1/fetch_user_info_by_id_v2", V1),
        ("user_posts", "v1/fetch_user_posts", V1),
        ("post_by_id", "v1/fetch_post_by_id", V1),
        ("user_reels", "v1/fetch_user_reels", V1),
        ("user_stories", "v2/fetch_user_stories", V2),
        ("user_highlights", "v2/fetch_user_highlights", V2),
        ("highlight_stories", "v2/fetch_highlight_stories", V2),
    )
}

# Errors after which an alternative endpoint may succeed. Other errors apply to all endpoints.
TRY_NEXT = (Transient, Forbidden, BadRequest, NotAvailable, UnexpectedPayload)

# Seconds after which no alternative is tried, to limit the caller's waiting time.
PATIENCE = 20.0
MAX_PAGE_SIZE = 50  # the provider's maximum
NUMBER = re.compile(r"[0-9]{1,25}")
HIGHLIGHT = re.compile(r"(?:highlight:)?[0-9]{1,25}")


def fetch_user_info_by_username(username: str) -> Payload:
    """A profile by name, from the first of three endpoints that answers."""
    names = ("user_by_username", "user_by_username_v2", "user_by_username_v3")
    return _first_answer(names, {"username": _username(username)})


def fetch_user_info_by_username_v2(username: str) -> Payload:
    """A profile by name, from the second endpoint only."""
    return _fetch("user_by_username_v2", {"username": _username(username)})


def fetch_user_info_by_user_id(user_id: str) -> Payload:
    """A profile by its numeric id, from the first of two endpoints that answers."""
    return _first_answer(("user_by_id", "user_by_id_v2"), {"user_id": _number(user_id)})


def fetch_user_posts(user_id: str, max_id: str = "", count: int = MAX_PAGE_SIZE) -> Payload:
    """One page of posts, newest first; `max_id` is the cursor from the previous page."""
    return _fetch("user_posts", _page(user_id, max_id, count))


def fetch_post_by_id(post_id: str) -> Payload:
    """One post by its numeric id without suffix."""
    return _fetch("post_by_id", {"post_id": _number(post_id)})


def fetch_user_reels(user_id: str, max_id: str = "", count: int = MAX_PAGE_SIZE) -> Payload:
    """One page of reels; `max_id` is the cursor from the previous page."""
    return _fetch("user_reels", _page(user_id, max_id, count))


def fetch_user_stories_by_username(username: str) -> Payload:
    """The current stories of the profile that has the name now."""
    return _fetch("user_stories", {"username": _username(username)})


def fetch_user_stories_by_user_id(user_id: str) -> Payload:
    """The current stories of the profile. The id works after a rename as well."""
    return _fetch("user_stories", {"user_id": _number(user_id)})


def fetch_user_highlights(user_id: str) -> Payload:
    """The highlights of a profile, without their stories."""
    return _fetch("user_highlights", {"user_id": _number(user_id)})


def fetch_highlight_stories(highlight_id: str) -> Payload:
    """The stories of one highlight; the `highlight:` prefix of the id is optional."""
    return _fetch(
        "highlight_stories", {"highlight_id": _matching(HIGHLIGHT, highlight_id, "highlight id")}
    )


def _fetch(name: str, params: Mapping[str, str | int]) -> Payload:
    return make_request(ENDPOINTS[name], params, target=str(next(iter(params.values()))))


def _first_answer(
    names: Sequence[str], params: Mapping[str, str | int], *, patience: float = PATIENCE
) -> Payload:
    """Try the endpoints in order.

    If all fail, raises the error that a later attempt may resolve, or else the error of the
    preferred endpoint.
    """
    failures: list[CoreAPIError] = []
    began = time.monotonic()
    for name in names:
        if failures and time.monotonic() - began > patience:
            break
        try:
            return _fetch(name, params)
        except RateLimited:
            raise
        except TRY_NEXT as failure:
            failures.append(failure)
    raise next((each for each in failures if isinstance(each, Transient)), failures[0])


def _page(user_id: str, max_id: str, count: int) -> dict[str, str | int]:
    if not 1 <= count <= MAX_PAGE_SIZE:
        raise BadRequest(f"a page has 1 to {MAX_PAGE_SIZE} items, not {count}")
    page: dict[str, str | int] = {"user_id": _number(user_id), "count": count}
    return page | {"max_id": max_id} if max_id else page


def _username(text: str) -> str:
    return _matching(USERNAME, text, "username")


def _number(text: str) -> str:
    return _matching(NUMBER, text, "numeric id")


def _matching(pattern: re.Pattern[str], text: str, kind: str) -> str:
    """Return the text. Raises BadRequest, before any request, if it has the wrong form."""
    if not pattern.fullmatch(text):
        raise BadRequest(f"{text!r} is not a {kind}")
    return text
