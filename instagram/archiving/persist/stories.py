"""The stories that a profile shows at the moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from instagram.archiving.persist import assets
from instagram.archiving.persist.assets import AssetKey, Wanted
from instagram.archiving.persist.outcome import Outcome
from instagram.archiving.records import StoryRecord
from instagram.models import Availability, Story, User
from storage.models import Asset


def stories(user: User, records: Sequence[StoryRecord], *, now: datetime) -> Outcome:
    """Store the stories that are new; a story never changes, only its signed URLs do.

    A story that names another owner than `user` is rejected: a name may have changed hands
    between two answers, and media must stay with the person.
    Statements: 2 when nothing is new, 1 more for fresh URLs, 4 at most.
    """
    ids = [record.instagram_id for record in records]
    stored = set(Story.objects.filter(pk__in=ids).values_list("pk", flat=True))
    accepted = [record for record in records if _is_of(user, record)]
    files = {record.instagram_id: _files(record) for record in accepted}
    have, written = assets.want((f for pair in files.values() for f in pair if f), now=now)
    new = [record for record in accepted if record.instagram_id not in stored]
    Story.objects.bulk_create(
        [_row(user, record, files[record.instagram_id], have, now) for record in new]
    )
    return Outcome(
        seen=len(records),
        new=len(new),
        rejected=len(records) - len(accepted),
        wanted=written,
    )


def _is_of(user: User, record: StoryRecord) -> bool:
    return record.owner is None or record.owner.instagram_id == user.instagram_id


def _files(record: StoryRecord) -> tuple[Wanted | None, Wanted | None]:
    """The picture (or cover) and the video of a story, ahead of every other file."""
    media, story_id, urgent = record.media, record.instagram_id, Asset.Priority.STORY
    role = Asset.Role.COVER if media.video_url else Asset.Role.IMAGE
    return (
        assets.wanted("story", story_id, role, media.image_url, priority=urgent),
        assets.wanted("story", story_id, Asset.Role.VIDEO, media.video_url, priority=urgent),
    )


def _row(
    user: User,
    record: StoryRecord,
    files: tuple[Wanted | None, Wanted | None],
    have: dict[AssetKey, Asset],
    now: datetime,
) -> Story:
    image, video = files
    return Story(
        story_id=record.instagram_id,
        user=user,
        story_created_at=record.taken_at,
        expires_at=record.expires_at,
        thumbnail_url=record.media.image_url or "",
        media_url=record.media.video_url or record.media.image_url or "",
        width=record.media.width,
        height=record.media.height,
        duration=record.media.duration,
        image=have[image.key] if image else None,
        video=have[video.key] if video else None,
        raw_data=dict(record.raw),
        availability=Availability.LIVE,
        last_seen_at=now,
        created_at=now,
        updated_at=now,
    )
