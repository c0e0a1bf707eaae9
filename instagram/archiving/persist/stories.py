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

ATTACHED = (
    "image", "video", "thumbnail_url", "media_url", "width", "height", "duration", "raw_data",
    "updated_at",
)  # fmt: skip


def stories(user: User, records: Sequence[StoryRecord], *, now: datetime) -> Outcome:
    """Store the stories that are new, and attach files that were not offered before.

    Nothing else of a story changes, except its signed URLs. A story that names another owner than
    `user`, or is stored as another's, is rejected: media must stay with the person.
    Statements: 1 when nothing is new, 1 more for fresh URLs, 1 for stories that were missed before,
    7 at most.
    """
    ids = [record.instagram_id for record in records]
    rows = Story.objects.filter(pk__in=ids).select_related("image", "video").defer("raw_data")
    stored = {story.pk: story for story in rows}
    accepted = [record for record in records if _is_of(user, record, stored)]
    files = {record.instagram_id: _files(record, stored) for record in accepted}
    have, written = assets.want(
        (file for pair in files.values() for file in pair if file), now=now, linked=_linked(stored)
    )
    new = [record for record in accepted if record.instagram_id not in stored]
    known = [record for record in accepted if record.instagram_id in stored]
    made = [_row(user, record, files[record.instagram_id], have, now) for record in new]
    Story.objects.bulk_create(made)
    attached = _attach(user, known, stored, files, have, now)
    back = _restored(user, stored.values(), now)
    changes.record([_appeared(user, row) for row in made] + attached + back, now=now)
    return Outcome(
        seen=len(records),
        new=len(new),
        changed=len({change.object_id for change in attached + back}),
        rejected=len(records) - len(accepted),
        wanted=written,
    )


def _linked(stored: Mapping[str, Story]) -> dict[AssetKey, Asset]:
    linked = (asset for story in stored.values() for asset in (story.image, story.video) if asset)
    return {assets.key_of(asset): asset for asset in linked}


def _files(record: StoryRecord, stored: Mapping[str, Story]) -> assets.Pair:
    """The picture (or cover) and the video of a story, ahead of every other file.

    Of a story that has the bytes of one, no other file is wanted in its place: a highlight may
    offer another rendition of the same story.
    """
    image, video = assets.of_medium(
        "story", record.instagram_id, record.media, priority=Asset.Priority.STORY
    )
    story = stored.get(record.instagram_id)
    if story is None:
        return image, video
    return _unless_stored(story.image, image), _unless_stored(story.video, video)


def _unless_stored(asset: Asset | None, file: Wanted | None) -> Wanted | None:
    return None if asset and asset.state == Asset.State.STORED else file


def _attach(
    user: User,
    records: Iterable[StoryRecord],
    stored: Mapping[str, Story],
    files: Mapping[str, assets.Pair],
    have: Mapping[AssetKey, Asset],
    now: datetime,
) -> list[Change]:
    """Link the stories that we have with the files that are known of them now."""
    events, written = [], []
    for record in records:
        story = stored[record.instagram_id]
        image, video = files[record.instagram_id]
        linked = {"image": have[image.key] if image else None}
        linked["video"] = have[video.key] if video else None
        found = changes.differences(story, linked)
        if found:
            events.append(_change(user, story, _names(story, found), _names_of(found)))
            changes.apply(story, {**found, **_described(record), "updated_at": now})
            written.append(story)
    if written:
        Story.objects.bulk_update(written, ATTACHED)
    return events


def _names(story: Story, wanted: Iterable[str]) -> dict[str, str | None]:
    """The source names of the story's files as they are now."""
    linked = {name: getattr(story, name) for name in wanted}
    return {name: asset.source_name if asset else None for name, asset in linked.items()}


def _names_of(found: Mapping[str, Asset]) -> dict[str, str]:
    return {name: asset.source_name for name, asset in found.items()}


def _described(record: StoryRecord) -> dict[str, Any]:
    """What an answer says of the story's medium beside its files."""
    said = record.media
    return {
        "thumbnail_url": said.image_url or "",
        "media_url": said.video_url or said.image_url or "",
        "width": said.width,
        "height": said.height,
        "duration": said.duration,
        "raw_data": dict(record.raw),
    }


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


def _row(
    user: User,
    record: StoryRecord,
    files: assets.Pair,
    have: Mapping[AssetKey, Asset],
    now: datetime,
) -> Story:
    image, video = files
    return Story(
        story_id=record.instagram_id,
        user=user,
        story_created_at=record.taken_at,
        expires_at=record.expires_at,
        image=have[image.key] if image else None,
        video=have[video.key] if video else None,
        **_described(record),
        availability=Availability.LIVE,
        last_seen_at=now,
        created_at=now,
        updated_at=now,
    )
