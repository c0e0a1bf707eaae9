"""A page of posts with their media, in at most 12 statements whatever its length."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from instagram.archiving import absence, changes
from instagram.archiving.persist import assets, locks, owners, plans
from instagram.archiving.persist.assets import AssetKey
from instagram.archiving.persist.outcome import Outcome
from instagram.archiving.persist.plans import Known, Plan
from instagram.archiving.records import MediaRecord, OwnerRecord, PostRecord
from instagram.models import Post, PostMedia, User
from storage.models import Asset

Tab = Literal["in_grid", "in_reels"]
CoauthorLink = Post.coauthors.through
POST_FIELDS = (
    "shortcode", "variant", "caption", "location", "post_created_at", "like_count",
    "comment_count", "play_count", "raw_data", "search_text", "search_grams", *absence.COLUMNS,
    "api_updated_at", "updated_at",
)  # fmt: skip
MEDIA_FIELDS = (
    "position", "thumbnail_url", "media_url", "width", "height", "duration", "alternative_text",
    "image", "video", "removed_at", "updated_at",
)  # fmt: skip


def posts(
    user: User, records: Sequence[PostRecord], *, now: datetime, tab: Tab | None = None
) -> Outcome:
    """Store what a page of the profile's posts says; an unchanged page writes nothing.

    `user` is the profile whose page it is; posts that another profile owns are linked to `user`
    as a coauthor, because the page shows them. A post that claims a new owner is rejected, unless
    both take part in it; of an erased profile neither posts nor links are stored, which counts
    as seen and nothing more. `tab` says which list of the profile it is, None for a single post.

    Statements: 3 when nothing changed, 1 more for fresh URLs of files not stored yet, 12 at most.
    """
    ids = [record.instagram_id for record in records]
    locks.hold(posts=ids, profiles=_mentioned(records))
    known = Known.read(ids)
    accepted = [record for record in records if not plans.claims_new_owner(record, known)]
    page = [plans.make(user, record, known) for record in accepted]
    people = owners.ensure(_people(user, [plan for plan in page if plan.is_written]))
    people[str(user.instagram_id)] = user
    page = plans.without_erased(page, people)
    files = [file for plan in page for file in plan.files()]
    have, written = assets.want(files, now=now, linked=known.assets)
    write = [plan for plan in page if plan.is_written]
    if write:
        _write(user, write, people, known, have, now)
    if tab is not None:
        _mark(user, page, tab)
    return Outcome(
        seen=len(records),
        new=sum(plan.post is None for plan in page),
        changed=sum(plan.is_changed for plan in page),
        rejected=len(records) - len(accepted),
        wanted=written,
    )


def _mark(user: User, page: Iterable[Plan], tab: Tab) -> None:
    """Note which list of their owner has shown the posts; no change of the posts themselves.

    A post on the page of a coauthor need not stand on its owner's.
    """
    unmarked = [plan for plan in page if plan.post is None or not getattr(plan.post, tab)]
    own = [plan.record.instagram_id for plan in unmarked if _is_by(user, plan)]
    if own:
        Post.objects.filter(pk__in=own).update(**{tab: True})


def _is_by(user: User, plan: Plan) -> bool:
    if plan.post is not None:
        return plan.post.user_id == user.pk
    owner = plan.record.owner
    return owner is None or owner.instagram_id == user.instagram_id


def _write(
    user: User,
    page: Sequence[Plan],
    people: dict[str, User],
    known: Known,
    have: dict[AssetKey, Asset],
    now: datetime,
) -> None:
    changes.record(
        [plans.change(plan, _owner(user, plan, people), known, have) for plan in page], now=now
    )
    rows = [_post_row(_owner(user, plan, people), plan, now) for plan in page]
    Post.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["id"], update_fields=POST_FIELDS
    )
    media = [row for plan in page for row in _media_rows(plan, known, have, now)]
    PostMedia.objects.bulk_create(
        media,
        update_conflicts=True,
        unique_fields=["post", "instagram_id"],
        update_fields=MEDIA_FIELDS,
    )
    _write_coauthors(page, people)
    changes.record_history(
        ((row, "~" if plan.post else "+") for row, plan in zip(rows, page, strict=True)), now=now
    )


def _owner(user: User, plan: Plan, people: dict[str, User]) -> User:
    """Whose post it is: never another than before."""
    if plan.post is not None:
        return plan.post.user
    return people[plan.record.owner.instagram_id] if plan.record.owner else user


def _mentioned(records: Iterable[PostRecord]) -> set[str]:
    people = (owner for record in records for owner in (record.owner, *record.coauthors))
    return {owner.instagram_id for owner in people if owner is not None}


def _people(user: User, page: Iterable[Plan]) -> list[OwnerRecord]:
    """Everybody but the profile itself who must have a row before the posts can point there."""
    mentioned = [owner for plan in page for owner in plan.coauthors.values()]
    mentioned += [plan.record.owner for plan in page if plan.record.owner and not plan.post]
    return [owner for owner in mentioned if owner.instagram_id != user.instagram_id]


def _post_row(owner: User, plan: Plan, now: datetime) -> Post:
    record = plan.record
    post = plan.post
    if post is None:
        post = Post(pk=record.instagram_id, user=owner, created_at=now, last_seen_at=now)
        changes.apply(post, changes.differences(post, plans.tracked(record)))
    elif "availability" in plan.differences:
        changes.apply(post, absence.sighted(now=now))
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
    said = {medium.instagram_id: medium for medium in plan.record.media}
    for position, instagram_id in enumerate(plans.children(plan.record, stored)):
        row = stored.pop(instagram_id, None) or PostMedia(
            post_id=plan.record.instagram_id, instagram_id=instagram_id, created_at=now
        )
        row.pk = None  # the upsert finds the row by its unique key, in one statement with the new
        row.position, row.removed_at, row.updated_at = position, None, now
        if instagram_id in said:
            _describe(row, said[instagram_id])
            _attach(row, plan.wanted[instagram_id], have)
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


def _attach(row: PostMedia, files: assets.Pair, have: dict[AssetKey, Asset]) -> None:
    image, video = files
    if image is not None:
        row.image = have[image.key]
    if video is not None:
        row.video = have[video.key]


def _write_coauthors(page: Sequence[Plan], people: dict[str, User]) -> None:
    """Links are only added: one page may leave out a coauthor whose own page shows the post."""
    links = [
        CoauthorLink(post_id=plan.record.instagram_id, user_id=people[key].pk)
        for plan in page
        for key in plan.coauthors
    ]
    if links:
        CoauthorLink.objects.bulk_create(links, ignore_conflicts=True)
