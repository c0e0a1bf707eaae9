"""Stores the stories of a profile or of a highlight."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from instagram.archiving.persist import assets, intents
from instagram.archiving.persist.decide import stories as decider
from instagram.archiving.persist.decide.stories import KnownStories
from instagram.archiving.persist.intents import Outcome
from instagram.archiving.records import StoryRecord
from instagram.models import Story, User


def stories(user: User, records: Sequence[StoryRecord], *, now: datetime) -> Outcome:
    """Store new stories, and files that were not offered before.

    Statements: 1 if nothing is new, 1 more for fresh URLs, 5 at most.
    """
    known = _read(records)
    return intents.apply(decider.decide(user, known, records, now=now), now=now)


def _read(records: Sequence[StoryRecord]) -> KnownStories:
    ids = [record.instagram_id for record in records]
    rows = Story.objects.filter(pk__in=ids).select_related("image", "video").defer("raw_data")
    known = KnownStories({story.pk: story for story in rows}, {})
    linked = [asset for story in known.stories.values() for asset in (story.image, story.video)]
    wanted = decider.wanted_files(records, known)
    return KnownStories(known.stories, assets.read(wanted, linked))
