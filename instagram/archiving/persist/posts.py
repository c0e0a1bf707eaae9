"""A page of posts with their media, in at most 12 statements whatever its length."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import OuterRef

from instagram.archiving import changes
from instagram.archiving.persist import assets, owners
from instagram.archiving.persist.assets import AssetKey, Wanted
from instagram.archiving.persist.outcome import Outcome
from instagram.archiving.records import MediaRecord, OwnerRecord, PostRecord
from instagram.models import Availability, Post, PostMedia, User
from storage.models import Asset

CoauthorLink = Post.coauthors.through
# One statement for all posts of a page; in one order, so that two pages never wait for each other.
# PostgreSQL's room for locks is limited and pages may be long, so there are 1,024 of them.
LOCK = """
SELECT pg_advisory_xact_lock(key)
  FROM (
      SELECT DISTINCT hashtext('post' || id) & 1023 AS key FROM unnest(%s::text[]) id ORDER BY key
  ) keys
"""
POST_FIELDS = (
    "shortcode", "variant", "caption", "location", "post_created_at", "like_count",
    "comment_count", "play_count", "raw_data", "search_text", "search_grams", "availability",
    "last_seen_at", "first_missed_at", "confirmed_at", "api_updated_at", "updated_at",
)  # fmt: skip
POST_READ = (
    "user__instagram_id", "created_at", "is_flagged",
    *(name for name in POST_FIELDS if name not in {"raw_data", "search_text", "search_grams"}),
)  # fmt: skip
MEDIA_FIELDS = (
    "position", "thumbnail_url", "media_url", "width", "height", "duration", "alternative_text",
    "image", "video", "removed_at", "updated_at",
)  # fmt: skip


@dataclass(slots=True)
class Known:
    """What the database holds of a page's posts, read in two queries behind a lock."""

    posts: dict[str, Post]
    coauthor_ids: dict[str, set[str]]
    media: dict[str, dict[str, PostMedia]]
    assets: dict[AssetKey, Asset]

    @classmethod
    def read(cls, ids: Sequence[str]) -> Known:
        """Read the posts with these ids, once no other page that holds one of them is at work."""
        _lock(ids)
        coauthors = User.objects.filter(coauthored_posts=OuterRef("pk")).values("instagram_id")
        rows: Iterable[Any] = (  # posts, with an annotation that mypy cannot see
            Post.objects.filter(pk__in=ids)
            .annotate(coauthor_ids=ArraySubquery(coauthors))
            .select_related("user")
            .only(*POST_READ)
        )
        posts = {post.pk: post for post in rows}
        coauthor_ids = {pk: {*post.coauthor_ids} for pk, post in posts.items()}
        media: dict[str, dict[str, PostMedia]] = {pk: {} for pk in ids}
        linked = PostMedia.objects.filter(post__in=ids).select_related("image", "video")
        for medium in linked:
            media[medium.post_id][medium.instagram_id] = medium
        return cls(
            posts=posts,
            coauthor_ids=coauthor_ids,
            media=media,
            assets=_assets_of(linked),
        )


@dataclass(slots=True)
class Plan:
    """A record beside what is stored of it: what must be written."""

    record: PostRecord
    post: Post | None
    differences: dict[str, Any]
    wanted: dict[str, tuple[Wanted | None, Wanted | None]]
    media_changed: bool
    coauthors: dict[str, OwnerRecord]

    @property
    def is_changed(self) -> bool:
        """Whether a tracked field of a post that we have differs."""
        return self.post is not None and bool(
            self.differences or self.media_changed or self.coauthors
        )

    @property
    def is_written(self) -> bool:
        """Whether the post is new or changed."""
        return self.post is None or self.is_changed

    def files(self) -> Iterable[Wanted]:
        """Every file of the post."""
        return (file for pair in self.wanted.values() for file in pair if file is not None)


def posts(user: User, records: Sequence[PostRecord], *, now: datetime) -> Outcome:
    """Store what a page of the profile's posts says; an unchanged page writes nothing.

    `user` is the profile whose page it is; posts that another profile owns are linked to `user`
    as a coauthor, because the page shows them. A post that claims a new owner is rejected.
    Statements: 3 when nothing changed, 1 more for fresh URLs of files not stored yet, 12 at most.
    """
    known = Known.read([record.instagram_id for record in records])
    accepted = [record for record in records if not _claims_new_owner(record, known)]
    plans = [_plan(user, record, known) for record in accepted]
    files = [file for plan in plans for file in plan.files()]
    have, written = assets.want(files, now=now, linked=known.assets)
    write = [plan for plan in plans if plan.is_written]
    if write:
        _write(user, write, known, have, now)
    return Outcome(
        seen=len(records),
        new=sum(plan.post is None for plan in plans),
        changed=sum(plan.is_changed for plan in plans),
        rejected=len(records) - len(accepted),
        wanted=written,
    )


def _lock(ids: Sequence[str]) -> None:
    """Make pages that share a post wait for each other, until the transaction ends.

    Two coauthors' pages may bring the same new post at once, and a row that is not there yet cannot
    be locked. Nothing is written for it, unlike for a row lock.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [list(ids)])


def _assets_of(media: Iterable[PostMedia]) -> dict[AssetKey, Asset]:
    linked = (asset for medium in media for asset in (medium.image, medium.video) if asset)
    return {assets.key_of(asset): asset for asset in linked}


def _claims_new_owner(record: PostRecord, known: Known) -> bool:
    post = known.posts.get(record.instagram_id)
    return (
        post is not None
        and record.owner is not None
        and post.user.instagram_id not in {None, record.owner.instagram_id}
    )


def _plan(user: User, record: PostRecord, known: Known) -> Plan:
    post = known.posts.get(record.instagram_id)
    stored_media = known.media[record.instagram_id]
    stored_coauthors = known.coauthor_ids.get(record.instagram_id, set())
    said = _coauthors(user, record, post)
    return Plan(
        record=record,
        post=post,
        differences=changes.differences(post, _tracked(record)) if post else {},
        wanted={
            medium.instagram_id: _files(record.instagram_id, medium) for medium in record.media
        },
        media_changed=_media_changed(record, stored_media, known.assets),
        coauthors={key: owner for key, owner in said.items() if key not in stored_coauthors},
    )


def _tracked(record: PostRecord) -> dict[str, object]:
    return {
        "shortcode": record.shortcode,
        "variant": record.variant,
        "caption": record.caption,
        "location": asdict(record.location) if record.location else None,
        "post_created_at": record.taken_at,
        "availability": Availability.LIVE,
    }


def _coauthors(user: User, record: PostRecord, post: Post | None) -> dict[str, OwnerRecord]:
    """The profiles other than the owner on whose pages the post stands."""
    said = {coauthor.instagram_id: coauthor for coauthor in record.coauthors}
    owner_id = record.owner.instagram_id if record.owner else None
    if owner_id is None:
        owner_id = post.user.instagram_id if post else user.instagram_id
    if user.instagram_id:
        said.setdefault(user.instagram_id, OwnerRecord(user.instagram_id, user.username))
    return {key: coauthor for key, coauthor in said.items() if key != owner_id}


def _files(post_id: str, medium: MediaRecord) -> tuple[Wanted | None, Wanted | None]:
    """The picture (or cover) and the video of one medium."""
    role = Asset.Role.COVER if medium.video_url else Asset.Role.IMAGE
    return (
        assets.wanted("post", post_id, role, medium.image_url),
        assets.wanted("post", post_id, Asset.Role.VIDEO, medium.video_url),
    )


def _media_changed(
    record: PostRecord, stored: dict[str, PostMedia], have: dict[AssetKey, Asset]
) -> bool:
    """Whether the order, the members or a known file (by source name) differs."""
    current = sorted(
        (medium for medium in stored.values() if medium.removed_at is None),
        key=lambda medium: medium.position,
    )
    if [medium.instagram_id for medium in current] != [said.instagram_id for said in record.media]:
        return True
    return any(
        file is not None and (file.key not in have or have[file.key].pk != asset_id)
        for medium, said in zip(current, record.media, strict=True)
        for file, asset_id in zip(
            _files(record.instagram_id, said), (medium.image_id, medium.video_id), strict=True
        )
    )


def _write(
    user: User,
    plans: Sequence[Plan],
    known: Known,
    have: dict[AssetKey, Asset],
    now: datetime,
) -> None:
    people = owners.ensure(_people(user, plans))
    people[str(user.instagram_id)] = user
    rows = [_post_row(user, plan, people, now) for plan in plans]
    Post.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["id"], update_fields=POST_FIELDS
    )
    media = [row for plan in plans for row in _media_rows(plan, known, have, now)]
    PostMedia.objects.bulk_create(
        media,
        update_conflicts=True,
        unique_fields=["post", "instagram_id"],
        update_fields=MEDIA_FIELDS,
    )
    _write_coauthors(plans, people)
    changes.record_history(
        ((row, "~" if plan.post else "+") for row, plan in zip(rows, plans, strict=True)), now=now
    )


def _people(user: User, plans: Iterable[Plan]) -> list[OwnerRecord]:
    """Everybody but the profile itself who must have a row before the posts can point there."""
    mentioned = [owner for plan in plans for owner in plan.coauthors.values()]
    mentioned += [plan.record.owner for plan in plans if plan.record.owner and not plan.post]
    return [owner for owner in mentioned if owner.instagram_id != user.instagram_id]


def _post_row(user: User, plan: Plan, people: dict[str, User], now: datetime) -> Post:
    record = plan.record
    post = plan.post
    if post is None:
        owner = people[record.owner.instagram_id] if record.owner else user
        post = Post(pk=record.instagram_id, user=owner, created_at=now, last_seen_at=now)
        changes.apply(post, changes.differences(post, _tracked(record)))
    elif "availability" in plan.differences:
        post.last_seen_at, post.first_missed_at, post.confirmed_at = now, None, None
    changes.apply(post, plan.differences)
    counts = {name: getattr(record, name) for name in ("like_count", "comment_count", "play_count")}
    changes.apply(post, changes.differences(post, counts))
    post.raw_data = dict(record.raw)
    post.api_updated_at = post.updated_at = now
    post.refresh_search()
    return post


def _media_rows(
    plan: Plan, known: Known, have: dict[AssetKey, Asset], now: datetime
) -> Iterable[PostMedia]:
    """Every child as it is now, and the ones that left, marked as removed."""
    stored = known.media[plan.record.instagram_id]
    for position, said in enumerate(plan.record.media):
        row = stored.pop(said.instagram_id, None) or PostMedia(
            post_id=plan.record.instagram_id, instagram_id=said.instagram_id, created_at=now
        )
        row.pk = None  # the upsert finds the row by its unique key, in one statement with the new
        row.position, row.removed_at, row.updated_at = position, None, now
        _describe(row, said)
        _attach(row, plan.wanted[said.instagram_id], have)
        yield row
    for gone in stored.values():
        gone.pk = None
        gone.removed_at = gone.removed_at or now
        yield gone


def _describe(row: PostMedia, said: MediaRecord) -> None:
    facts = {
        "thumbnail_url": said.image_url,
        "media_url": said.video_url or said.image_url,
        "width": said.width,
        "height": said.height,
        "duration": said.duration,
        "alternative_text": said.alternative_text,
    }
    changes.apply(row, changes.differences(row, facts))


def _attach(
    row: PostMedia, files: tuple[Wanted | None, Wanted | None], have: dict[AssetKey, Asset]
) -> None:
    image, video = files
    if image is not None:
        row.image = have[image.key]
    if video is not None:
        row.video = have[video.key]


def _write_coauthors(plans: Sequence[Plan], people: dict[str, User]) -> None:
    """Links are only added: one page may leave out a coauthor whose own page shows the post."""
    links = [
        CoauthorLink(post_id=plan.record.instagram_id, user_id=people[key].pk)
        for plan in plans
        for key in plan.coauthors
    ]
    if links:
        CoauthorLink.objects.bulk_create(links, ignore_conflicts=True)
