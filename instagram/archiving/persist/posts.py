"""Stores a page of posts with their media, in at most 12 statements for any length."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef

from instagram.archiving import absence
from instagram.archiving.persist import assets, intents, locks, owners
from instagram.archiving.persist.decide import posts as decider
from instagram.archiving.persist.decide.posts import KnownPosts
from instagram.archiving.persist.intents import Outcome, Tab
from instagram.archiving.records import PostRecord
from instagram.models import Post, PostMedia, User

READ = (
    "user__instagram_id", "created_at", "is_flagged", "shortcode", "variant", "caption", "location",
    "post_created_at", "like_count", "comment_count", "play_count", *absence.COLUMNS,
    "api_updated_at", "updated_at", "in_grid", "in_reels",
)  # fmt: skip


def posts(
    user: User, records: Sequence[PostRecord], *, now: datetime, tab: Tab | None = None
) -> Outcome:
    """Store a page of the profile's posts; an unchanged page writes nothing.

    Posts of other owners are linked to `user` as a coauthor, because the profile shows them. `tab`
    is the list of the profile, None for a single post.

    Statements: 3 if nothing has changed, 1 more for fresh URLs of missing files, 12 at most.
    """
    known = _read(user, records)
    return intents.apply(decider.decide(user, known, records, now=now, tab=tab), now=now)


def _read(user: User, records: Sequence[PostRecord]) -> KnownPosts:
    """Lock the posts and the profiles of the page, then read them, and add missing profiles."""
    ids = [record.instagram_id for record in records]
    people = [owner for each in records for owner in (each.owner, *each.coauthors) if owner]
    locks.hold(posts=ids, profiles={owner.instagram_id for owner in people})
    coauthors = User.objects.filter(coauthored_posts=OuterRef("pk")).values("instagram_id")
    rows: Iterable[Any] = (  # mypy does not know the annotation
        Post.objects.filter(pk__in=ids)
        .annotate(coauthor_ids=ArraySubquery(coauthors))
        .select_related("user")
        .only(*READ)
    )
    posts = {post.pk: post for post in rows}
    coauthor_ids = {pk: frozenset(post.coauthor_ids) for pk, post in posts.items()}
    media: dict[str, dict[str, PostMedia]] = {pk: {} for pk in ids}
    for medium in PostMedia.objects.filter(post__in=ids).select_related("image", "video"):
        media[medium.post_id][medium.instagram_id] = medium
    children = [medium for post in media.values() for medium in post.values()]
    linked = [asset for medium in children for asset in (medium.image, medium.video)]
    stored = assets.read(decider.wanted_files(records), linked)
    known = KnownPosts(posts, coauthor_ids, media, stored, people={})
    return replace(known, people=_people(user, records, known))


def _people(user: User, records: Sequence[PostRecord], known: KnownPosts) -> dict[str, User]:
    needed = [
        owner
        for record in records
        if not decider.claims_new_owner(record, known)
        for owner in decider.people_needed(user, record, known)
    ]
    return {**owners.ensure(needed), str(user.instagram_id): user}
