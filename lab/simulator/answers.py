"""The payload of each kind of endpoint, without the envelope.

The functions raise `Unknown` (the world has no such entity) or `InstagramRefused`. Both become the
provider's generic 400, unless the endpoint has its own answer for an unknown account.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lab.simulator import paging
from lab.simulator.entities import SimulatedPost, SimulatedProfile
from lab.simulator.payload_formats import Payload, View, private, scraper, unknown_item, web, xdt
from lab.simulator.world import Unknown, World

PAGE_OF_SCRAPER = 12  # the V2 family takes no `count`
UNKNOWN_ITEM_POSITION = 2  # between readable items, where a client that stops would lose the rest


class InstagramRefused(Exception):
    """Instagram refuses to answer, because the account is private or a parameter is empty."""


@dataclass(frozen=True, slots=True)
class Question:
    """One authorised and valid call."""

    view: View
    parameters: Mapping[str, str]
    now: int

    @property
    def world(self) -> World:
        return self.view.world

    @property
    def count(self) -> int:
        return int(self.parameters.get("count") or self.parameters.get("first") or 12)

    def profile(self) -> SimulatedProfile:
        """Return the requested profile. Raises Unknown or InstagramRefused."""
        if identifier := self.parameters.get("user_id"):
            return self.world.profile(identifier)
        if username := self.parameters.get("username"):
            return self.world.profile_named(username)
        raise InstagramRefused("username or user_id is required")

    def visible_profile(self) -> SimulatedProfile:
        """Return the requested profile. Raises InstagramRefused for a private one."""
        profile = self.profile()
        if profile.is_private:
            raise InstagramRefused("Not authorized to view user")
        return profile


Answer = Callable[[Question], Payload]


def web_user_or_null(question: Question) -> Payload:
    """Return `data.user` as the web does; null for an unknown account."""
    try:
        user = web.user(question.profile(), question.view)
    except Unknown:
        return {"data": {"user": None}, "status": "ok"}
    return {"data": {"user": user}, "status": "ok"}


def web_user_with_attempts(question: Question) -> Payload:
    """Return `data.user` with the provider's own `status` and `attempts`."""
    try:
        user = web.user(question.profile(), question.view)
    except Unknown:
        return _failed_attempts()
    return {"status": True, "attempts": 1, "data": {"user": user}}


def web_user_with_status(question: Question) -> Payload:
    """Return the web user's keys beside the provider's `status`."""
    try:
        user = web.user(question.profile(), question.view)
    except Unknown:
        return _failed_attempts()
    return {**user, "status": True}


def web_user(question: Question) -> Payload:
    """Return only the web user's keys."""
    return web.user(question.profile(), question.view)


def private_user(question: Question) -> Payload:
    """Return only the private-API user's keys, or a failed status."""
    try:
        return private.user(question.profile(), question.view)
    except Unknown:
        return _failed_attempts()


def private_user_wrapped(question: Question) -> Payload:
    """Return the private-API user below `user`."""
    return {"user": private.user(question.profile(), question.view), "status": "ok"}


def private_feed(question: Question) -> Payload:
    """Return a page of posts as `items` with `next_max_id`."""
    profile = question.visible_profile()
    posts = question.world.feed(profile)
    page = paging.page(posts, profile, question.parameters.get("max_id"), question.count)
    items = _written(page, private.media, question.view)
    more = {"next_max_id": page.next_cursor} if page.next_cursor else {}
    return {
        "items": items,
        "num_results": len(items),
        "more_available": page.next_cursor is not None,
        **more,
        "auto_load_more_enabled": True,
        "user": private.short_user(profile, question.view),
        "status": "ok",
    }


def reels(question: Question) -> Payload:
    """Return a page of videos as `items[].media` with `paging_info`."""
    profile = question.visible_profile()
    cursor = paging.readable(question.parameters.get("max_id"))
    page = paging.page(question.world.reels(profile), profile, cursor, question.count)
    return {
        "items": [{"media": item} for item in _written(page, private.media, question.view)],
        "paging_info": {
            "max_id": paging.opaque(page.next_cursor),
            "more_available": page.next_cursor is not None,
        },
        "status": "ok",
    }


def web_feed(question: Question) -> Payload:
    """Return a page of posts as a GraphQL connection; empty for a private account."""
    profile = question.profile()
    feed = question.world.feed(profile)
    # GraphQL does not refuse a private account: it counts the posts and shows none.
    posts = [] if profile.is_private else feed
    cursor = paging.readable(question.parameters.get("end_cursor"))
    page = paging.page(posts, profile, cursor, question.count)
    nodes = _written(page, web.node, question.view)
    connection = web.connection(nodes, count=len(feed), cursor=paging.opaque(page.next_cursor))
    return {"data": {"user": {"edge_owner_to_timeline_media": connection}}, "status": "ok"}


def xdt_feed(question: Question) -> Payload:
    """Return a page of posts as the 2025 timeline connection."""
    profile = question.visible_profile()
    cursor = paging.readable(question.parameters.get("after"))
    page = paging.page(question.world.feed(profile), profile, cursor, question.count)
    nodes = _written(page, xdt.node, question.view)
    return {"data": xdt.connection(nodes, paging.opaque(page.next_cursor)), "status": "ok"}


def scraper_feed(question: Question) -> Payload:
    """Return a page of posts as `data.items` with `pagination_token`."""
    return _scraper_posts(question, question.world.feed(question.visible_profile()))


def scraper_reels(question: Question) -> Payload:
    """Return a page of videos as `data.items` with `pagination_token`."""
    return _scraper_posts(question, question.world.reels(question.visible_profile()))


def scraper_stories(question: Question) -> Payload:
    """Return the current stories as `data.items`."""
    profile = question.visible_profile()
    shown = question.world.stories(profile, question.now)
    items = [scraper.story(story, question.view) for story in shown]
    return _scraper_list(items, user=scraper.short_user(profile, question.view))


def scraper_highlights(question: Question) -> Payload:
    """Return the tray of highlights as `data.items`."""
    profile = question.visible_profile()
    return _scraper_list([scraper.highlight(kept, question.view) for kept in profile.highlights])


def scraper_highlight_stories(question: Question) -> Payload:
    """Return one highlight's stories as `data.items`."""
    kept = question.world.highlight(question.parameters["highlight_id"])
    owner = question.world.profile(kept.owner)
    if owner.is_private:
        raise InstagramRefused("Not authorized to view user")
    items = [scraper.story(story, question.view) for story in kept.stories]
    return _scraper_list(items, additional_data=scraper.highlight(kept, question.view))


def web_post(question: Question) -> Payload:
    """Return one post as `shortcode_media`."""
    return {"shortcode_media": web.node(_visible_post(question), question.view)}


def private_post(question: Question) -> Payload:
    """Return one post as the single element of `items`."""
    item = private.media(_visible_post(question), question.view)
    return {"items": [item], "num_results": 1, "more_available": False, "status": "ok"}


def _visible_post(question: Question) -> SimulatedPost:
    # Clients send the bare id or `<id>_<owner>`, as the private API writes it.
    post = question.world.post(question.parameters["post_id"].partition("_")[0])
    if question.world.profile(post.owner).is_private:
        raise InstagramRefused("Not authorized to view media")
    return post


def _scraper_posts(question: Question, posts: list[SimulatedPost]) -> Payload:
    profile = question.profile()
    cursor = paging.readable(question.parameters.get("pagination_token"))
    page = paging.page(posts, profile, cursor, PAGE_OF_SCRAPER)
    items = _written(page, scraper.media, question.view)
    listed = _scraper_list(items, user=scraper.short_user(profile, question.view))
    return {**listed, "pagination_token": paging.opaque(page.next_cursor)}


def _scraper_list(items: list[Payload], **beside: Payload) -> Payload:
    return {"data": {"count": len(items), "items": items, **beside}}


def _written(
    page: paging.SimulatedPage, write: Callable[[SimulatedPost, View], Payload], view: View
) -> list[Payload]:
    items = [write(post, view) for post in page.posts]
    if page.has_unknown_item:
        items.insert(UNKNOWN_ITEM_POSITION, unknown_item())
    return items


def _failed_attempts() -> Payload:
    return {"status": False, "errorMessage": "User not found", "attempts": 3}
