"""Compares a page of posts with the stored posts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from instagram.archiving import absence, changes
from instagram.archiving.changes import Change
from instagram.archiving.persist import assets
from instagram.archiving.persist.assets import AssetKey, FileIntents, Wanted
from instagram.archiving.persist.decide import carousels
from instagram.archiving.persist.decide.carousels import Child
from instagram.archiving.persist.intents import CoauthorLink, Intents, Outcome, Tab, Update
from instagram.archiving.records import LocationRecord, OwnerRecord, PostRecord
from instagram.models import Availability, ChangeEvent, Post, PostMedia, User
from storage.models import Asset

COUNTS = ("like_count", "comment_count", "play_count")


@dataclass(frozen=True, slots=True)
class KnownPosts:
    """The stored rows of a page's posts.

    `people` are the profiles that a new post or a new coauthor link needs, by Instagram id,
    without profiles that were erased on request.
    """

    posts: Mapping[str, Post]
    coauthor_ids: Mapping[str, frozenset[str]]
    media: Mapping[str, Mapping[str, PostMedia]]
    assets: Mapping[AssetKey, Asset]
    people: Mapping[str, User]


@dataclass(frozen=True, slots=True)
class PostComparison:
    """One record and its stored post, if there is one."""

    record: PostRecord
    post: Post | None
    owner: User
    differences: Mapping[str, Any]
    stored: Mapping[str, PostMedia]
    current: Sequence[Child]
    incoming: Sequence[Child]
    coauthors: Sequence[str]

    @property
    def is_changed(self) -> bool:
        """Whether a tracked field of a stored post differs."""
        return self.post is not None and bool(
            self.differences or self.coauthors or self.media_changed
        )

    @property
    def is_written(self) -> bool:
        """Whether the post is new or changed."""
        return self.post is None or self.is_changed

    @property
    def media_changed(self) -> bool:
        """Whether the order, the members or a file of the carousel differs."""
        return [each.files for each in self.current] != [each.files for each in self.incoming]


def decide(
    user: User,
    known: KnownPosts,
    records: Sequence[PostRecord],
    *,
    now: datetime,
    tab: Tab | None = None,
) -> Intents:
    """Decide what the page of `user` writes; an unchanged page writes nothing.

    A post that claims a new owner is rejected. A post of an erased profile counts as seen.
    """
    accepted = [record for record in records if not claims_new_owner(record, known)]
    kept = [record for record in accepted if _may_be_stored(record, known)]
    files = assets.decide(wanted_files(kept), known.assets, now=now)
    page = [_compare(user, record, known, files) for record in kept]
    written = [each for each in page if each.is_written]
    inserts = [_new_post(each, now) for each in written if each.post is None]
    updates = [Update(each.post, _new_values(each, now)) for each in written if each.post]
    return Intents(
        files=files,
        outcome=Outcome(
            seen=len(records),
            new=sum(each.post is None for each in page),
            changed=sum(each.is_changed for each in page),
            rejected=len(records) - len(accepted),
        ),
        inserts=inserts,
        updates=updates,
        media=[
            row
            for each in written
            for row in carousels.rows(each.record, each.incoming, each.stored, now=now)
        ],
        links=[link for each in written for link in _links(each, known)],
        history=[*((post, "+") for post in inserts), *((each.row, "~") for each in updates)],
        events=[_event(each, known) for each in written],
        marks={tab: _unmarked(user, kept, known, tab)} if tab else {},
    )


def wanted_files(records: Iterable[PostRecord]) -> Iterator[Wanted]:
    """Every file of the posts, also those that are stored already."""
    for record in records:
        for medium in record.media:
            yield from filter(None, assets.of_medium("post", record.instagram_id, medium))


def people_needed(user: User, record: PostRecord, known: KnownPosts) -> Iterator[OwnerRecord]:
    """The profiles other than `user` that need a row before the post can refer to them."""
    post = known.posts.get(record.instagram_id)
    if post is None and record.owner and record.owner.instagram_id != user.instagram_id:
        yield record.owner
    for owner in _new_coauthors(user, record, known):
        if owner.instagram_id != user.instagram_id:
            yield owner


def claims_new_owner(record: PostRecord, known: KnownPosts) -> bool:
    """Whether the record names an owner that is neither owner nor coauthor of the stored post."""
    # The page of each coauthor may name its own profile as the owner. The first page that showed
    # the post has decided, and the other profiles are coauthors.
    post = known.posts.get(record.instagram_id)
    if post is None or record.owner is None:
        return False
    owner_id, claimed = post.user.instagram_id, record.owner.instagram_id
    named = {coauthor.instagram_id for coauthor in record.coauthors}
    is_partner = claimed in known.coauthor_ids[record.instagram_id]
    return owner_id not in {None, claimed} and not is_partner and owner_id not in named


def _unmarked(user: User, records: Iterable[PostRecord], known: KnownPosts, tab: Tab) -> list[str]:
    """The user's own posts that this tab has not shown before."""
    # The tab of a coauthor proves nothing about the owner's tabs, so other posts get no mark.
    unmarked = []
    for record in records:
        post = known.posts.get(record.instagram_id)
        if post is None:
            is_unmarked = record.owner is None or record.owner.instagram_id == user.instagram_id
        else:
            is_unmarked = post.user_id == user.pk and not getattr(post, tab)
        if is_unmarked:
            unmarked.append(record.instagram_id)
    return unmarked


def _may_be_stored(record: PostRecord, known: KnownPosts) -> bool:
    is_stored = record.instagram_id in known.posts
    # Profiles that were erased on request are not among the people, and get no new posts.
    return is_stored or record.owner is None or record.owner.instagram_id in known.people


def _compare(
    user: User, record: PostRecord, known: KnownPosts, files: FileIntents
) -> PostComparison:
    post = known.posts.get(record.instagram_id)
    owner = known.people[record.owner.instagram_id] if record.owner and post is None else user
    stored = known.media.get(record.instagram_id, {})
    coauthors = [each.instagram_id for each in _new_coauthors(user, record, known)]
    return PostComparison(
        record=record,
        post=post,
        owner=owner if post is None else post.user,  # a stored post keeps its owner
        differences=_differences(post, record) if post else {},
        stored=stored,
        current=carousels.current(stored),
        incoming=carousels.incoming(record, stored, files),
        coauthors=[key for key in coauthors if key in known.people],
    )


def _new_coauthors(user: User, record: PostRecord, known: KnownPosts) -> list[OwnerRecord]:
    """The profiles whose pages also show the post, and that are not linked to it yet."""
    post = known.posts.get(record.instagram_id)
    coauthors = {each.instagram_id: each for each in record.coauthors}
    owner_id = user.instagram_id
    if record.owner:
        coauthors.setdefault(record.owner.instagram_id, record.owner)
        owner_id = record.owner.instagram_id
    if post:
        owner_id = post.user.instagram_id or owner_id
    if user.instagram_id:
        coauthors.setdefault(user.instagram_id, OwnerRecord(user.instagram_id, user.username))
    linked = {owner_id, *known.coauthor_ids.get(record.instagram_id, ())}
    return [owner for key, owner in coauthors.items() if key not in linked]


def _tracked(record: PostRecord) -> dict[str, object]:
    """The fields whose changes make a history row and an event. Counts change too often."""
    return {
        "shortcode": record.shortcode,
        "variant": record.variant,
        "caption": record.caption,
        "location": asdict(record.location) if record.location else None,
        "post_created_at": record.taken_at,
        "availability": Availability.LIVE,
    }


def _differences(post: Post, record: PostRecord) -> dict[str, Any]:
    incoming = _tracked(record)
    if record.location and post.location:
        incoming["location"] = _completed(post.location, record.location)
    return changes.differences(post, incoming)


def _completed(current: Mapping[str, Any], incoming: LocationRecord) -> dict[str, Any]:
    """The incoming location, completed by the stored values of the same location."""
    # Some families name a location without its coordinates or its id.
    location = asdict(incoming)
    identity = "instagram_id" if current["instagram_id"] and incoming.instagram_id else "name"
    if current[identity] != location[identity]:
        return location
    return {name: current[name] if value is None else value for name, value in location.items()}


def _new_post(comparison: PostComparison, now: datetime) -> Post:
    record = comparison.record
    post = Post(
        pk=record.instagram_id,
        user=comparison.owner,
        created_at=now,
        last_seen_at=now,
        api_updated_at=now,
        updated_at=now,
        raw_data=dict(record.raw),
    )
    changes.apply(post, changes.differences(post, {**_tracked(record), **_counts(record)}))
    return post


def _new_values(comparison: PostComparison, now: datetime) -> dict[str, Any]:
    """The new values of a changed post, with the counts, which are not tracked."""
    record = comparison.record
    sighted = absence.sighted(now=now) if "availability" in comparison.differences else {}
    return {
        **sighted,
        **comparison.differences,
        **changes.differences(comparison.post, _counts(record)),
        "raw_data": dict(record.raw),
        "api_updated_at": now,
        "updated_at": now,
    }


def _counts(record: PostRecord) -> dict[str, int | None]:
    return {name: getattr(record, name) for name in COUNTS}


def _links(comparison: PostComparison, known: KnownPosts) -> list[Any]:
    post_id = comparison.record.instagram_id
    people = [known.people[key] for key in comparison.coauthors]
    return [CoauthorLink(post_id=post_id, user_id=person.pk) for person in people]


def _event(comparison: PostComparison, known: KnownPosts) -> Change:
    """The post's event, with its media by id and source name in order."""
    record, post, owner = comparison.record, comparison.post, comparison.owner
    after = dict(comparison.differences)
    if post is None:
        tracked = {name: value for name, value in _tracked(record).items() if value is not None}
        after = {"owner": owner.instagram_id, **tracked}
    before = changes.values(post, comparison.differences) if post else {}
    if comparison.media_changed:
        before |= {"media": carousels.named(comparison.current)} if post else {}
        after["media"] = carousels.named(comparison.incoming)
    if comparison.coauthors:
        linked = known.coauthor_ids.get(record.instagram_id, frozenset())
        before |= {"coauthors": sorted(linked)} if post else {}
        after["coauthors"] = sorted({*linked, *comparison.coauthors})
    return Change(ChangeEvent.Kind.POST, record.instagram_id, owner, before, after)
