"""The stories that a profile shows at the moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from instagram.archiving import absence, changes
from instagram.archiving.changes import Change
from instagram.archiving.persist import assets
from instagram.archiving.persist.assets import AssetKey, Wanted
from instagram.archiving.persist.outcome import Outcome
from instagram.archiving.records import StoryRecord
from instagram.models import Availability, ChangeEvent, Story, User
from storage.models import Asset

READ = ("user", *absence.COLUMNS)


def stories(user: User, records: Sequence[StoryRecord], *, now: datetime) -> Outcome:
    """Store the stories that are new; a story never changes, only its signed URLs do.

    A story that names another owner than `user`, or is stored as another's, is rejected: media must
    stay with the person.
    Statements: 2 when nothing is new, 1 more for fresh URLs, 1 for stories that were missed before,
    6 at most.
    """
    ids = [record.instagram_id for record in records]
    stored = {story.pk: story for story in Story.objects.filter(pk__in=ids).only(*READ)}
    accepted = [record for record in records if _is_of(user, record, stored)]
    files = {record.instagram_id: _files(record) for record in accepted}
    have, written = assets.want((f for pair in files.values() for f in pair if f), now=now)
    new = [record for record in accepted if record.instagram_id not in stored]
    rows = [_row(user, record, files[record.instagram_id], have, now) for record in new]
    Story.objects.bulk_create(rows)
    back = _restored(user, stored.values(), now)
    changes.record([_appeared(user, row) for row in rows] + back, now=now)
    return Outcome(
        seen=len(records),
        new=len(new),
        changed=len(back),
        rejected=len(records) - len(accepted),
        wanted=written,
    )


def _restored(user: User, shown: Iterable[Story], now: datetime) -> list[Change]:
    """Take back that stories are missing or deleted: they are on show."""
    back = [
        story
        for story in shown
        if story.user_id == user.pk and story.availability != Availability.LIVE
    ]
    events = [
        _change(user, story, {"availability": story.availability}, {"availability": "live"})
        for story in back
    ]
    for story in back:
        changes.apply(story, {"availability": Availability.LIVE, **absence.sighted(now=now)})
    if back:
        Story.objects.bulk_update(back, absence.COLUMNS)
    return events


def _appeared(user: User, row: Story) -> Change:
    after = {
        "owner": user.instagram_id,
        "story_created_at": row.story_created_at,
        "expires_at": row.expires_at,
        "availability": row.availability,
        "image": row.image.source_name if row.image else None,
        "video": row.video.source_name if row.video else None,
    }
    return _change(user, row, {}, after)


def _change(
    user: User, story: Story, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Change:
    return Change(ChangeEvent.Kind.STORY, story.pk, user, before, after)


def _is_of(user: User, record: StoryRecord, stored: Mapping[str, Story]) -> bool:
    known = stored.get(record.instagram_id)
    if known is not None and known.user_id != user.pk:
        return False
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
