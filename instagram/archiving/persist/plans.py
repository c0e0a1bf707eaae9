"""What a page of posts says beside what is stored of them: which of them must be written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef

from instagram.archiving import absence, changes
from instagram.archiving.changes import Change
from instagram.archiving.persist import assets
from instagram.archiving.persist.assets import AssetKey, Wanted
from instagram.archiving.records import LocationRecord, OwnerRecord, PostRecord
from instagram.models import Availability, ChangeEvent, Post, PostMedia, User
from storage.models import Asset

READ = (
    "user__instagram_id", "created_at", "is_flagged", "shortcode", "variant", "caption", "location",
    "post_created_at", "like_count", "comment_count", "play_count", *absence.COLUMNS,
    "api_updated_at", "updated_at", "in_grid", "in_reels",
)  # fmt: skip


@dataclass(slots=True)
class Known:
    """What the database holds of a page's posts, read in two queries."""

    posts: dict[str, Post]
    coauthor_ids: dict[str, set[str]]
    media: dict[str, dict[str, PostMedia]]
    assets: dict[AssetKey, Asset]

    @classmethod
    def read(cls, ids: Sequence[str]) -> Known:
        """Read the posts with these ids; the caller has them locked."""
        coauthors = User.objects.filter(coauthored_posts=OuterRef("pk")).values("instagram_id")
        rows: Iterable[Any] = (  # posts, with an annotation that mypy cannot see
            Post.objects.filter(pk__in=ids)
            .annotate(coauthor_ids=ArraySubquery(coauthors))
            .select_related("user")
            .only(*READ)
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
    wanted: dict[str, assets.Pair]
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


def make(user: User, record: PostRecord, known: Known) -> Plan:
    """Compare one record with what is known of its post; `user` is whose page it is."""
    post = known.posts.get(record.instagram_id)
    stored_media = known.media[record.instagram_id]
    stored_coauthors = known.coauthor_ids.get(record.instagram_id, set())
    said = _coauthors(user, record, post)
    return Plan(
        record=record,
        post=post,
        differences=_differences(post, record) if post else {},
        wanted={
            medium.instagram_id: assets.of_medium("post", record.instagram_id, medium)
            for medium in record.media
        },
        media_changed=_media_changed(record, stored_media, known.assets),
        coauthors={key: owner for key, owner in said.items() if key not in stored_coauthors},
    )


def change(plan: Plan, owner: User, known: Known, have: Mapping[AssetKey, Asset]) -> Change:
    """The plan as an event of the feed. Media stand in it by id and source name, in order.

    `have` are the assets of the plan's files.
    """
    before, after = _values(plan, owner)
    stored = known.media[plan.record.instagram_id]
    if plan.media_changed:
        before |= {"media": _media_before(stored)} if plan.post else {}
        after["media"] = _media_after(plan, stored, have)
    if plan.coauthors:
        former = known.coauthor_ids.get(plan.record.instagram_id, set())
        before |= {"coauthors": sorted(former)} if plan.post else {}
        after["coauthors"] = sorted(former | {*plan.coauthors})
    return Change(ChangeEvent.Kind.POST, plan.record.instagram_id, owner, before, after)


def _values(plan: Plan, owner: User) -> tuple[dict[str, Any], dict[str, Any]]:
    """The tracked values that differ, before and after; all of them for a new post."""
    if plan.post is not None:
        return changes.values(plan.post, plan.differences), dict(plan.differences)
    said = {name: value for name, value in tracked(plan.record).items() if value is not None}
    return {}, {"owner": owner.instagram_id, **said}


def _media_before(stored: Mapping[str, PostMedia]) -> list[dict[str, str | None]]:
    return [
        {
            "id": medium.instagram_id,
            "image": medium.image.source_name if medium.image else None,
            "video": medium.video.source_name if medium.video else None,
        }
        for medium in _current(stored)
    ]


def _media_after(
    plan: Plan, stored: Mapping[str, PostMedia], have: Mapping[AssetKey, Asset]
) -> list[dict[str, str | None]]:
    """As said; a file whose address was left out stays the one that is stored."""
    former = {str(medium["id"]): medium for medium in _media_before(stored)}
    after = []
    for instagram_id in children(plan.record, stored):
        image, video = plan.wanted.get(instagram_id, (None, None))
        known = former.get(instagram_id, {})
        after.append(
            {
                "id": instagram_id,
                "image": have[image.key].source_name if image else known.get("image"),
                "video": have[video.key].source_name if video else known.get("video"),
            }
        )
    return after


def _current(stored: Mapping[str, PostMedia]) -> list[PostMedia]:
    """The children that are still in the carousel, in order."""
    return sorted(
        (medium for medium in stored.values() if medium.removed_at is None),
        key=lambda medium: medium.position,
    )


def tracked(record: PostRecord) -> dict[str, object]:
    """The fields whose change is a change of the post."""
    return {
        "shortcode": record.shortcode,
        "variant": record.variant,
        "caption": record.caption,
        "location": asdict(record.location) if record.location else None,
        "post_created_at": record.taken_at,
        "availability": Availability.LIVE,
    }


def _differences(post: Post, record: PostRecord) -> dict[str, Any]:
    """What the record says and the post does not have."""
    said = tracked(record)
    if record.location and post.location:
        said["location"] = _completed(post.location, record.location)
    return changes.differences(post, said)


def _completed(stored: Mapping[str, Any], said: LocationRecord) -> dict[str, Any]:
    """The place as said; what one answer leaves out of the same place stays as it is stored."""
    place = asdict(said)
    identity = "instagram_id" if stored["instagram_id"] and said.instagram_id else "name"
    if stored[identity] != place[identity]:
        return place
    return {name: stored[name] if value is None else value for name, value in place.items()}


def _coauthors(user: User, record: PostRecord, post: Post | None) -> dict[str, OwnerRecord]:
    """The profiles other than the owner on whose pages the post stands."""
    said = {coauthor.instagram_id: coauthor for coauthor in record.coauthors}
    owner_id = user.instagram_id
    if record.owner:
        said.setdefault(record.owner.instagram_id, record.owner)
        owner_id = record.owner.instagram_id
    if post:
        owner_id = post.user.instagram_id or owner_id
    if user.instagram_id:
        said.setdefault(user.instagram_id, OwnerRecord(user.instagram_id, user.username))
    return {key: coauthor for key, coauthor in said.items() if key != owner_id}


def _media_changed(
    record: PostRecord, stored: dict[str, PostMedia], have: dict[AssetKey, Asset]
) -> bool:
    """Whether the order, the members or a known file differs."""
    current = {medium.instagram_id: medium for medium in _current(stored)}
    if [*current] != children(record, stored):
        return True
    return any(
        file is not None and (file.key not in have or have[file.key].pk != asset_id)
        for said in record.media
        for file, asset_id in zip(
            assets.of_medium("post", record.instagram_id, said),
            (current[said.instagram_id].image_id, current[said.instagram_id].video_id),
            strict=True,
        )
    )


def children(record: PostRecord, stored: Mapping[str, PostMedia]) -> list[str]:
    """The ids of the carousel's children in order, after what the record says.

    A carousel that is cut short proves nothing about those that it leaves out: they stay where they
    are, and what is new comes behind them.
    """
    said = [medium.instagram_id for medium in record.media]
    if not record.is_cut_short:
        return said
    return [*dict.fromkeys([medium.instagram_id for medium in _current(stored)] + said)]


def without_erased(page: Iterable[Plan], people: Collection[str]) -> list[Plan]:
    """The page without the posts of profiles that may not be stored, and without links to them.

    `people` are the Instagram ids of those that may, out of everybody whom a new post needs.
    """
    kept = []
    for plan in page:
        plan.coauthors = {key: plan.coauthors[key] for key in plan.coauthors if key in people}
        owner = plan.record.owner
        if plan.post or owner is None or owner.instagram_id in people:
            kept.append(plan)
    return kept


def claims_new_owner(record: PostRecord, known: Known) -> bool:
    """Whether the record gives a post that we have to somebody who has no part in it.

    The page of each coauthor may claim its own profile as the owner: the first page that brought
    the post has decided, and the others are its coauthors.
    """
    post = known.posts.get(record.instagram_id)
    if post is None or record.owner is None:
        return False
    owner_id, claimed = post.user.instagram_id, record.owner.instagram_id
    partners = {*known.coauthor_ids[record.instagram_id]}
    named = {coauthor.instagram_id for coauthor in record.coauthors}
    return owner_id not in {None, claimed} and claimed not in partners and owner_id not in named


def _assets_of(media: Iterable[PostMedia]) -> dict[AssetKey, Asset]:
    linked = (asset for medium in media for asset in (medium.image, medium.video) if asset)
    return {assets.key_of(asset): asset for asset in linked}
