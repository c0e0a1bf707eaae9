"""Compares the stories of an answer with the stored stories. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from instagram.archiving import absence, changes
from instagram.archiving.changes import Change
from instagram.archiving.persist import assets
from instagram.archiving.persist.assets import AssetKey, FileIntents, Wanted
from instagram.archiving.persist.intents import Intents, Outcome, Update
from instagram.archiving.records import StoryRecord
from instagram.models import Availability, ChangeEvent, Story, User
from storage.models import Asset


@dataclass(frozen=True, slots=True)
class KnownStories:
    """The stored stories by id, and their assets."""

    stories: Mapping[str, Story]
    assets: Mapping[AssetKey, Asset]


def decide(
    user: User, known: KnownStories, records: Sequence[StoryRecord], *, now: datetime
) -> Intents:
    """Decide what the answer writes: new stories, files that were not offered before, sightings.

    A story that names another owner than `user`, or is stored as another profile's, is rejected.
    """
    accepted = [record for record in records if _is_of(user, record, known)]
    files = assets.decide(wanted_files(accepted, known), known.assets, now=now)
    new = [record for record in accepted if record.instagram_id not in known.stories]
    inserts = [_new_story(user, record, files, now) for record in new]
    changed = [
        (story, record, differences)
        for record in accepted
        if (story := known.stories.get(record.instagram_id)) is not None
        and (differences := _differences(story, record, known, files))
    ]
    return Intents(
        files=files,
        outcome=Outcome(
            seen=len(records),
            new=len(new),
            changed=len(changed),
            rejected=len(records) - len(accepted),
        ),
        inserts=inserts,
        updates=[
            Update(story, _new_values(record, differences, now))
            for story, record, differences in changed
        ],
        events=[
            *(_appeared(user, story) for story in inserts),
            *(_changed(user, story, differences) for story, _, differences in changed),
        ],
    )


def wanted_files(records: Sequence[StoryRecord], known: KnownStories) -> Iterator[Wanted]:
    for record in records:
        yield from filter(None, _files(record, known))


def _is_of(user: User, record: StoryRecord, known: KnownStories) -> bool:
    story = known.stories.get(record.instagram_id)
    if story is not None and story.user_id != user.pk:
        return False
    return record.owner is None or record.owner.instagram_id == user.instagram_id


def _files(record: StoryRecord, known: KnownStories) -> assets.Pair:
    """The picture (or cover) and the video of a story, with the highest priority."""
    image, video = assets.of_medium(
        "story", record.instagram_id, record.media, priority=Asset.Priority.STORY
    )
    story = known.stories.get(record.instagram_id)
    if story is None:
        return image, video
    # A highlight may offer another rendition of a story, which must not replace stored bytes.
    return _unless_stored(story.image, image), _unless_stored(story.video, video)


def _unless_stored(asset: Asset | None, file: Wanted | None) -> Wanted | None:
    return None if asset and asset.state == Asset.State.STORED else file


def _differences(
    story: Story, record: StoryRecord, known: KnownStories, files: FileIntents
) -> dict[str, Any]:
    # Nothing else of a story changes, except its signed URLs.
    image, video = map(files.asset, _files(record, known))
    incoming = {"image": image, "video": video, "availability": Availability.LIVE}
    return changes.differences(story, incoming)


def _new_values(
    record: StoryRecord, differences: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    sighted = absence.sighted(now=now) if "availability" in differences else {}
    return {**sighted, **differences, **_described(record), "updated_at": now}


def _described(record: StoryRecord) -> dict[str, Any]:
    medium = record.media
    return {
        "thumbnail_url": medium.image_url or "",
        "media_url": medium.video_url or medium.image_url or "",
        "width": medium.width,
        "height": medium.height,
        "duration": medium.duration,
        "raw_data": dict(record.raw),
    }


def _new_story(user: User, record: StoryRecord, files: FileIntents, now: datetime) -> Story:
    image, video = map(files.asset, _files(record, KnownStories({}, {})))
    return Story(
        story_id=record.instagram_id,
        user=user,
        story_created_at=record.taken_at,
        expires_at=record.expires_at,
        image=image,
        video=video,
        **_described(record),
        availability=Availability.LIVE,
        last_seen_at=now,
        created_at=now,
        updated_at=now,
    )


def _appeared(user: User, story: Story) -> Change:
    names = ("story_created_at", "expires_at", "availability", "image", "video")
    after = {"owner": user.instagram_id, **changes.with_source_names(changes.values(story, names))}
    return Change(ChangeEvent.Kind.STORY, story.pk, user, {}, after)


def _changed(user: User, story: Story, differences: Mapping[str, Any]) -> Change:
    before = changes.with_source_names(changes.values(story, differences))
    return Change(
        ChangeEvent.Kind.STORY, story.pk, user, before, changes.with_source_names(differences)
    )
