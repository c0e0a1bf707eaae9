"""The whole schedule on the simulator, from a flag to a window."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from instagram.archiving import schedule
from instagram.models import ArchiveRun, StoryWindow, User
from instagram.tasks import archive_run, dispatch

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "api_log"]),
    pytest.mark.usefixtures("provider"),
]


def scheduled(name: str) -> User:
    """A profile with both flags set, polled once as the schedule does."""
    user = User.objects.create(
        username=name, allow_auto_update_stories=True, allow_auto_update_profile=True
    )
    dispatch()
    archive_run(str(ArchiveRun.objects.get().pk))
    return user


@pytest.mark.slow
def test_a_scheduled_run_reads_every_stream_and_sets_the_next_due_times() -> None:
    user = scheduled("story.hours")

    assert ArchiveRun.objects.get().state == "succeeded"
    polls = user.polls.filter(polled_at__isnull=False, due_at__gt=timezone.now())
    assert polls.count() == 5


@pytest.mark.slow
def test_a_scheduled_run_opens_a_story_window() -> None:
    scheduled("story.hours")

    window = StoryWindow.objects.get()
    assert window.ended_at - window.started_at == timedelta(days=1)


def test_a_profile_that_turns_out_private_is_only_watched_for_its_return() -> None:
    user = scheduled("private.case")

    schedule.apply_flags(now=timezone.now())

    assert list(user.polls.exclude(due_at=None).values_list("stream", flat=True)) == ["profile"]
    assert not StoryWindow.objects.exists()
