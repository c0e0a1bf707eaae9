"""Stories are stored once, and their files have the highest priority."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from instagram.archiving import persist
from instagram.archiving.records import OwnerRecord
from instagram.models import ChangeEvent, Story, User
from lab.builders import NOW, POSTED, post, signed, story
from storage.models import Asset
from tests.support.factories import StoredFileFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return User.objects.create(username="lena.v", instagram_id="501")


def test_a_story_is_stored_with_its_expiry(user: User) -> None:
    persist.stories(user, [story(1)], now=NOW)

    assert Story.objects.get().expires_at == POSTED + timedelta(hours=24)


def test_a_second_poll_of_the_same_stories_writes_nothing(user: User) -> None:
    persist.stories(user, [story(1), story(2, video=True)], now=NOW)
    before = [*Story.objects.values(), *Asset.objects.values()]

    outcome = persist.stories(user, [story(1), story(2, video=True)], now=NOW)

    assert outcome == persist.Outcome(seen=2)
    assert [*Story.objects.values(), *Asset.objects.values()] == before


@pytest.mark.parametrize("said", [True, False])
def test_a_video_that_becomes_known_later_joins_the_story(user: User, *, said: bool) -> None:
    first = story(1, video=True)
    late = replace(first, media=replace(first.media, video_url=None, is_video=said))
    persist.stories(user, [late], now=NOW)

    outcome = persist.stories(user, [first], now=NOW)

    stored = Story.objects.get()
    assert stored.image is not None
    assert stored.video is not None
    assert (stored.video.source_name, Asset.objects.count()) == ("1_n.mp4", 2)
    assert (outcome.new, outcome.changed) == (0, 1)
    assert ChangeEvent.objects.latest("pk").fields == {"video": {"old": None, "new": "1_n.mp4"}}


def test_a_stored_story_wants_no_other_rendition(user: User) -> None:
    persist.stories(user, [story(1)], now=NOW)
    file = StoredFileFactory.create()
    Asset.objects.update(state="stored", file=file)
    other = replace(story(1), media=replace(story(1).media, image_url=signed("other_n.jpg")))

    persist.stories(user, [other], now=NOW)

    assert Asset.objects.count() == 1


def test_files_of_stories_are_due_before_files_of_posts(user: User) -> None:
    persist.posts(user, [post(1)], now=NOW)
    persist.stories(user, [story(2)], now=NOW)

    first = Asset.objects.due(timezone.now()).first()
    assert first is not None
    assert first.owner_kind == "story"


def test_a_story_of_another_profile_is_rejected(user: User) -> None:
    foreign = story(1, owner=OwnerRecord("999", "lena.v"))

    outcome = persist.stories(
        user, [foreign, story(2, owner=OwnerRecord("501", "lena.v"))], now=NOW
    )

    assert (outcome.new, outcome.rejected) == (1, 1)


def test_no_stories_are_nothing_to_do(user: User) -> None:
    assert persist.stories(user, [], now=NOW) == persist.Outcome()
