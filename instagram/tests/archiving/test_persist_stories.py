"""Stories become rows once; their files come before everything else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from instagram.archiving import persist
from instagram.archiving.records import OwnerRecord
from instagram.models import Story, User
from instagram.tests.archiving.builders import NOW, POSTED, post, story
from storage.models import Asset

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


def test_files_of_stories_are_due_before_files_of_posts(user: User) -> None:
    persist.posts(user, [post(1)], now=NOW)
    persist.stories(user, [story(2)], now=NOW)

    first = Asset.objects.due(timezone.now()).first()
    assert first is not None
    assert first.owner_kind == "story"


def test_a_story_of_somebody_else_is_rejected(user: User) -> None:
    foreign = story(1, owner=OwnerRecord("999", "lena.v"))

    outcome = persist.stories(
        user, [foreign, story(2, owner=OwnerRecord("501", "lena.v"))], now=NOW
    )

    assert (outcome.new, outcome.rejected) == (1, 1)


def test_no_stories_are_nothing_to_do(user: User) -> None:
    assert persist.stories(user, [], now=NOW) == persist.Outcome()
