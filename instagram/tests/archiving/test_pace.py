"""A run and the rate limit that all workers share."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from api_logs.models import APIRequestLog, ProviderState
from instagram import actions
from instagram.archiving import pipeline, runs
from instagram.models import ArchiveRun
from settings.current import PRIMARY
from tests.support.running import ends

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "api_log"]),
    pytest.mark.usefixtures("configured"),
]


@pytest.mark.slow
def test_a_pace_that_others_use_up_costs_no_attempt_however_often() -> None:
    run = actions.add_profile(name="story.hours", by=None, streams=["profile"]).run
    later = timezone.now() + timedelta(minutes=30)
    ProviderState.objects.using("api_log").create(provider=PRIMARY, next_slot_at=later)

    for _ in range(runs.MAX_ATTEMPTS + 1):
        ArchiveRun.objects.update(next_attempt_at=timezone.now())
        claimed = runs.claim(run.pk, now=timezone.now())
        assert claimed is not None
        pipeline.archive(claimed)

    run.refresh_from_db()
    assert (run.attempts, run.waits_for) == (0, "NoFreeSlot")
    assert ends(run) == {"profile": ("pending", "")}
    assert not APIRequestLog.objects.exists()


def test_a_run_without_a_slot_waits_until_there_is_one() -> None:
    run = actions.add_profile(name="story.hours", by=None, streams=["profile"]).run
    later = timezone.now() + timedelta(minutes=10)
    ProviderState.objects.using("api_log").create(provider=PRIMARY, next_slot_at=later)

    claimed = runs.claim(run.pk, now=timezone.now())
    assert claimed is not None
    pipeline.archive(claimed)

    run.refresh_from_db()
    assert run.next_attempt_at > later - timedelta(seconds=5)
