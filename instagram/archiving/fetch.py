"""Which endpoint answers which question. Knows endpoints and cursors, not the keys of an answer."""

from __future__ import annotations

from api_logs.gate.urgency import urgent
from core.utils import instagram_api
from core.utils.answers import Payload
from core.utils.errors import NotAvailable
from instagram.models import User


def profile(user: User) -> Payload:
    """The profile by its id, which outlives renames; by its name where the id is not known yet."""
    if user.instagram_id is None:
        return instagram_api.fetch_user_info_by_username(user.username)
    return instagram_api.fetch_user_info_by_user_id(user.instagram_id)


def profile_by_name(user: User) -> Payload:
    """Whoever holds the profile's name now; raises NoSuchProfile where nobody does."""
    return instagram_api.fetch_user_info_by_username(user.username)


def posts(user: User, cursor: str) -> Payload:
    """One page of the profile's posts; an empty cursor asks for the first."""
    return instagram_api.fetch_user_posts(_id(user), max_id=cursor)


def post(post_id: str) -> Payload:
    """One post by its id."""
    return instagram_api.fetch_post_by_id(post_id)


def reels(user: User, cursor: str) -> Payload:
    """One page of the profile's reels; an empty cursor asks for the first."""
    return instagram_api.fetch_user_reels(_id(user), max_id=cursor)


def stories(user: User) -> Payload:
    """The stories that the profile shows now; the only call that cannot wait for another day.

    By its id, as the profile: under a name that changed hands somebody else's stories would stand,
    or none. By its name as long as that is all we know.
    """
    with urgent():
        if user.instagram_id is None:
            return instagram_api.fetch_user_stories_by_username(user.username)
        return instagram_api.fetch_user_stories_by_user_id(user.instagram_id)


def highlights(user: User) -> Payload:
    """The profile's tray of highlights."""
    return instagram_api.fetch_user_highlights(_id(user))


def highlight_stories(highlight_id: str) -> Payload:
    """The stories of one highlight."""
    return instagram_api.fetch_highlight_stories(highlight_id)


def _id(user: User) -> str:
    if user.instagram_id is None:
        raise NotAvailable("the profile's Instagram id is not known yet")
    return user.instagram_id
