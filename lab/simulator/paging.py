"""Cursors of lists of posts, and the pagination quirks of providers."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from lab.simulator.entities import SimulatedPost, SimulatedProfile

RESUMED = ":resumed"
SHORT_PAGE = 7


class InvalidCursor(ValueError):
    """The cursor was not issued by any page."""


@dataclass(frozen=True, slots=True)
class SimulatedPage:
    """Posts and the cursor of the next page, None at the end."""

    posts: list[SimulatedPost]
    next_cursor: str | None
    has_unknown_item: bool = False


def page(
    posts: list[SimulatedPost], owner: SimulatedProfile, cursor: str | None, count: int
) -> SimulatedPage:
    """Return the page after `cursor`, with the owner's quirks.

    A cursor is the id of the last post shown, so new and deleted posts do not shift the pages.
    """
    if "short_pages" in owner.quirks:
        count = min(count, SHORT_PAGE)
    start = _start(posts, cursor)
    shown = posts[start : start + count]
    is_last = start + count >= len(posts)
    next_cursor = None if is_last or not shown else shown[-1].identifier
    # A client that follows such a cursor asks for the same page again and again.
    if cursor and "repeating_cursor" in owner.quirks:
        next_cursor = cursor
    # The second page is empty once, and still has a cursor: the list does not end there.
    if cursor and "empty_page" in owner.quirks and start <= count and RESUMED not in cursor:
        return SimulatedPage([], cursor + RESUMED)
    return SimulatedPage(shown, next_cursor, not cursor and "unknown_item" in owner.quirks)


def opaque(cursor: str | None) -> str | None:
    """Encode a cursor as most endpoints do."""
    return cursor and base64.urlsafe_b64encode(cursor.encode()).decode()


def readable(token: str | None) -> str | None:
    """Decode a cursor of `opaque`. Raises InvalidCursor."""
    try:
        return base64.urlsafe_b64decode(token).decode() if token else None
    except (binascii.Error, UnicodeDecodeError) as error:
        raise InvalidCursor(str(token)) from error


def _start(posts: list[SimulatedPost], cursor: str | None) -> int:
    if not cursor:
        return 0
    last = cursor.removesuffix(RESUMED)
    if not last.isdecimal():
        raise InvalidCursor(cursor)
    identifiers = [post.identifier for post in posts]
    if last in identifiers:
        return identifiers.index(last) + 1
    # The last post shown was deleted since. Pinned posts stand first and may be older than all.
    older = (
        index
        for index, post in enumerate(posts)
        if not post.is_pinned and int(post.identifier) < int(last)
    )
    return next(older, len(posts))
