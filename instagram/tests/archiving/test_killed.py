"""A worker that is killed during a run loses no row, and costs one call at most."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from api_logs.models import APIRequestLog
from instagram import actions
from instagram.archiving import pipeline, runs
from instagram.models import ArchiveRun, Post, RunStream
from lab.simulator.client import SimulatorControl
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "api_log"])


@contextmanager
def worker_at(run_id: UUID) -> Iterator[subprocess.Popen[bytes]]:
    """Archive the run in a separate process, on this test's database."""
    facts = connection.settings_dict
    address = f"postgres://{facts['USER']}@/{facts['NAME']}?host={facts['HOST']}"
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "DATABASE_URL": address,
        "CORE_API_URL": settings.CORE_API_URL,
        "CORE_API_TOKEN": settings.CORE_API_TOKEN,
    }
    command = [sys.executable, "-m", "tests.support.worker", str(run_id)]
    with subprocess.Popen(command, env=environment, cwd=settings.BASE_DIR) as worker:  # noqa: S603  ours
        try:
            yield worker
        finally:
            worker.kill()


@pytest.mark.slow
def test_a_killed_worker_s_run_goes_on_behind_its_last_page(provider: SimulatorControl) -> None:
    provider.add_fault("delay", path="fetch_user_posts", skip=2, seconds=60)
    run_id = actions.add_profile(name="empty.page", by=None, streams=["posts"]).run.pk
    third_call = APIRequestLog.objects.filter(state="started", params__max_id__gt="")
    second_page = RunStream.objects.filter(name="posts", pages=2)

    with worker_at(run_id) as worker:
        wait_until(lambda: second_page.exists() and third_call.exists())
        worker.send_signal(signal.SIGKILL)
    provider.clear_faults()
    resumed = runs.claim(run_id, now=timezone.now() + timedelta(seconds=60))
    assert resumed is not None
    pipeline.archive(resumed)

    assert ArchiveRun.objects.get().state == "succeeded"
    assert (Post.objects.count(), Post.history.count()) == (120, 120)
    assert third_call.count() == 1  # the killed call stays on record, and its page came once more
