"""Compares the stored children of a carousel with those of an answer. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from instagram.archiving import changes
from instagram.archiving.persist import assets
from instagram.archiving.persist.assets import FileIntents
from instagram.archiving.records import MediaRecord, PostRecord
from instagram.models import PostMedia
from storage.models import Asset

DESCRIBED = (
    "thumbnail_url", "media_url", "width", "height", "duration", "alternative_text",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Child:
    """One child of a carousel with its files. A new asset equals only itself."""

    instagram_id: str
    image: Asset | None
    video: Asset | None

    @property
    def files(self) -> tuple[str, Asset | None, Asset | None]:
        """The values that are compared to tell whether the child has changed."""
        return (self.instagram_id, self.image, self.video)


def current(stored: Mapping[str, PostMedia]) -> list[Child]:
    """The stored children that have not left the carousel, in order."""
    rows = [row for row in stored.values() if row.removed_at is None]
    rows.sort(key=lambda row: row.position)
    return [Child(row.instagram_id, row.image, row.video) for row in rows]


def incoming(
    record: PostRecord, stored: Mapping[str, PostMedia], files: FileIntents
) -> list[Child]:
    """The children after the answer, in order."""
    shown = {medium.instagram_id: medium for medium in record.media}
    # An answer that is cut short does not prove that a child was removed. The stored children stay
    # in place, and new ones follow them.
    kept = [child.instagram_id for child in current(stored)] if record.is_cut_short else []
    return [
        _child(record, instagram_id, shown.get(instagram_id), stored.get(instagram_id), files)
        for instagram_id in dict.fromkeys([*kept, *shown])
    ]


def _child(
    record: PostRecord,
    instagram_id: str,
    medium: MediaRecord | None,
    row: PostMedia | None,
    files: FileIntents,
) -> Child:
    image, video = (None, None)
    if medium is not None:
        image, video = map(files.asset, assets.of_medium("post", record.instagram_id, medium))
    # A file whose URL the answer left out is still the stored one.
    return Child(
        instagram_id,
        image or (row.image if row else None),
        video or (row.video if row else None),
    )


def rows(
    record: PostRecord, children: Sequence[Child], stored: Mapping[str, PostMedia], *, now: datetime
) -> Iterator[PostMedia]:
    """A row for each child of the carousel, and one for each removed child.

    The rows have no primary key: one upsert by their unique key writes new and stored children.
    """
    shown = {medium.instagram_id: medium for medium in record.media}
    for position, child in enumerate(children):
        row = _row(record, child.instagram_id, stored.get(child.instagram_id), now)
        row.position, row.removed_at = position, None
        row.image, row.video = child.image, child.video
        if child.instagram_id in shown:
            described = _described(shown[child.instagram_id])
            changes.apply(row, changes.differences(row, described))
        yield row
    remaining = {child.instagram_id for child in children}
    for instagram_id, known in stored.items():
        if instagram_id not in remaining:
            row = _row(record, instagram_id, known, now)
            row.removed_at = known.removed_at or now
            yield row


def named(children: Sequence[Child]) -> list[dict[str, str | None]]:
    """The children's ids and source names, as events show them."""
    return [
        {
            "id": child.instagram_id,
            "image": child.image.source_name if child.image else None,
            "video": child.video.source_name if child.video else None,
        }
        for child in children
    ]


def _row(
    record: PostRecord, instagram_id: str, known: PostMedia | None, now: datetime
) -> PostMedia:
    row = PostMedia(
        post_id=record.instagram_id, instagram_id=instagram_id, created_at=now, updated_at=now
    )
    if known is not None:
        names = (*DESCRIBED, "position", "removed_at", "image", "video")
        changes.apply(row, changes.values(known, names))
    return row


def _described(medium: MediaRecord) -> dict[str, object]:
    return {
        "thumbnail_url": medium.image_url,
        "media_url": medium.video_url or medium.image_url,
        "width": medium.width,
        "height": medium.height,
        "duration": medium.duration,
        "alternative_text": medium.alternative_text,
    }
