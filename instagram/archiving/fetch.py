"""Chooses the endpoint of each call. Knows endpoints and cursors, not the keys of an answer."""

from __future__ import annotations

from api_logs.gate.urgency import urgent
from core.utils import instagram_api
from core.utils.answers import Payload
from core.utils.errors import NotAvailable
from instagram.models import User


def profile(user: User) -> Payload:
    # The id outlives renames; a name may belong to another account by now.
    if user.instagram_id is None:
        return instagram_api.fetch_user_info_by_username(user.username)
    return instagram_api.fetch_user_info_by_user_id(user.instagram_id)


def profile_by_name(user: User) -> Payload:
    """The account that holds the profile's name now; raises NoSuchProfile if none does."""
    return instagram_api.fetch_user_info_by_username(user.username)


def posts(user: User, cursor: str) -> Payload:
    """One page of the profile's posts; an empty cursor requests the first."""
    return instagram_api.fetch_user_posts(_id(user), max_id=cursor)


def post(post_id: str) -> Payload:
    return instagram_api.fetch_post_by_id(post_id)


def reels(user: User, cursor: str) -> Payload:
    """One page of the profile's reels; an empty cursor requests the first."""
    return instagram_api.fetch_user_reels(_id(user), max_id=cursor)


def stories(user: User) -> Payload:
    # Stories vanish after a day, so this call may use the budget above the soft cap.
    with urgent():
        # A name that changed hands would return the stories of another account.
        if user.instagram_id is None:
            return instagram_api.fetch_user_stories_by_username(user.username)
        return instagram_api.fetch_user_stories_by_user_id(user.instagram_id)


def highlights(user: User) -> Payload:
    return instagram_api.fetch_user_highlights(_id(user))


def highlight_stories(highlight_id: str) -> Payload:
    return instagram_api.fetch_highlight_stories(highlight_id)


def _id(user: User) -> str:
    if user.instagram_id is None:
        raise NotAvailable("the profile's Instagram id is not known yet")
    return user.instagram_id
