"""The decider of stories, without a database."""

from __future__ import annotations

from datetime import timedelta

from instagram.archiving.persist.decide import stories as decider
from instagram.archiving.persist.decide.stories import KnownStories
from instagram.archiving.persist.intents import Intents
from instagram.archiving.records import OwnerRecord, StoryRecord
from instagram.models import Story, User
from lab.builders import NOW, story
from storage.models import Asset

USER = User(instagram_id="501", username="lena.v")
NOTHING = KnownStories({}, {})


def decide(known: KnownStories, *records: StoryRecord) -> Intents:
    return decider.decide(USER, known, records, now=NOW + timedelta(hours=1))


def stored(*records: StoryRecord, state: str = "wanted", **facts: object) -> KnownStories:
    """The known rows after these stories were stored."""
    intents = decider.decide(USER, NOTHING, records, now=NOW)
    for number, asset in enumerate(intents.files.new):
        asset.pk, asset.state = number + 1, state
    rows = {str(row.pk): row for row in intents.inserts if isinstance(row, Story)}
    for row in rows.values():
        for name, value in facts.items():
            setattr(row, name, value)
    return KnownStories(rows, intents.files.assets)


def test_a_new_story_is_inserted_with_its_files() -> None:
    intents = decide(NOTHING, story(9, video=True))

    assert [row.pk for row in intents.inserts] == ["9"]
    assert [asset.role for asset in intents.files.new] == [Asset.Role.COVER, Asset.Role.VIDEO]


def test_a_story_that_is_stored_already_writes_nothing() -> None:
    intents = decide(stored(story(9)), story(9))

    assert (intents.inserts, intents.updates, intents.events) == ([], [], [])


def test_a_video_that_was_not_offered_before_is_linked() -> None:
    [update] = decide(stored(story(9)), story(9, video=True)).updates

    assert update.values["video"].source_name == "9_n.mp4"


def test_no_other_file_is_wanted_in_place_of_stored_bytes() -> None:
    known = stored(story(9), state=Asset.State.STORED)

    assert decide(known, story(9)).files.new == ()


def test_a_missed_story_that_is_on_show_again_is_live() -> None:
    [update] = decide(stored(story(9), availability="missing"), story(9)).updates

    assert update.values["availability"] == "live"
    assert update.values["misses"] == 0


def test_a_story_of_another_owner_is_rejected() -> None:
    intents = decide(NOTHING, story(9, owner=OwnerRecord("77", "stranger")))

    assert (intents.outcome.rejected, intents.inserts) == (1, [])
