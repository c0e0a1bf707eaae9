"""The messages of `manage.py archive` about pauses, missing workers and lost databases."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from api_logs.models import APIRequestLog
from core.models import WorkerHeartbeat
from instagram import actions
from instagram.archiving import progress
from instagram.archiving.report import report
from instagram.management.commands.archive import interrupted_once
from instagram.management.display import LiveProgress
from instagram.models import ArchiveRun, RunStream

pytestmark = pytest.mark.django_db


def archive(*arguments: str) -> str:
    """The error message of the command."""
    complaints = StringIO()
    call_command("archive", *arguments, stdout=StringIO(), stderr=complaints)
    return complaints.getvalue()


def paused_run() -> ArchiveRun:
    """A run that waits for its next attempt."""
    return put_off(actions.add_profile(name="lena.v", by=None).run)


def put_off(run: ArchiveRun, code: str = "Transient") -> ArchiveRun:
    # In the database only, as another process does it.
    later = timezone.now() + timedelta(minutes=5)
    ArchiveRun.objects.filter(pk=run.pk).update(next_attempt_at=later, waits_for=code)
    return run


def disconnect_everybody() -> None:
    """End the connections to this database, as a crash of PostgreSQL does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    connection.close()


def finish_runs() -> None:
    """End the run as a worker does."""
    RunStream.objects.update(state=RunStream.State.SUCCEEDED)
    ArchiveRun.objects.update(state=ArchiveRun.State.SUCCEEDED)
    connection.close()


def failed_call(run: ArchiveRun) -> None:
    """The last answer that the run got."""
    APIRequestLog.objects.create(
        endpoint="profile",
        state=APIRequestLog.State.FAILED,
        error="/users: ConnectError",
        batch=str(run.pk),
        price=Decimal(0),
    )


def show(live: LiveProgress, run: ArchiveRun) -> None:
    """Draw the present state of one run."""
    live.show([run], progress.refresh([run]))


def test_a_bad_name_is_named() -> None:
    with pytest.raises(CommandError, match="'two words': Not an Instagram username"):
        archive("lena.v", "two words")


def test_runs_without_a_worker_are_reported() -> None:
    assert "Start one with `./dev serve`" in archive("lena.v")


def test_runs_are_started_silently_while_a_worker_lives() -> None:
    WorkerHeartbeat.beat("worker@here")

    assert archive("lena.v") == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_signal_ends_the_waiting_and_keeps_the_run(number: signal.Signals) -> None:
    threading.Timer(0.3, os.kill, (os.getpid(), number)).start()

    with pytest.raises(CommandError, match="The runs are kept") as error:
        archive("lena.v", "--wait")

    assert error.value.returncode == 130
    assert ArchiveRun.objects.get().is_active


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_database_that_dies_meanwhile_is_waited_for() -> None:
    end_every_connection = threading.Timer(1, disconnect_everybody)
    finish = threading.Timer(2, finish_runs)
    for thread in (end_every_connection, finish):
        thread.start()

    archive("lena.v", "--wait")

    assert not ArchiveRun.objects.get().is_active


def test_a_second_signal_does_not_disturb_the_end_of_the_first() -> None:
    ended = False

    with suppress(KeyboardInterrupt), interrupted_once():
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(signal.SIGTERM)
            ended = True

    assert ended


def test_a_pause_is_explained_by_the_last_call(capsys: pytest.CaptureFixture[str]) -> None:
    run = paused_run()
    failed_call(run)

    show(LiveProgress([run]), run)

    assert "lena.v tries again at" in (shown := capsys.readouterr().err)
    assert "/users: ConnectError" in shown


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("BudgetExhausted", "the cap on the cost"),
        ("CallsStopped", "stopped by"),
        ("NoFreeSlot", "others take all calls"),
    ],
)
def test_the_reason_of_a_postponed_run_is_shown(
    capsys: pytest.CaptureFixture[str], code: str, reason: str
) -> None:
    run = actions.add_profile(name="lena.v", by=None).run
    live = LiveProgress([run])
    put_off(run, code)

    show(live, run)

    assert reason in capsys.readouterr().err


def test_a_pause_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    run = paused_run()
    live = LiveProgress([run])

    show(live, run)
    show(live, run)

    assert capsys.readouterr().err.count("tries again") == 1


def test_streams_that_failed_for_one_reason_share_a_line() -> None:
    run = actions.add_profile(name="lena.v", by=None).run
    run.streams.update(state=RunStream.State.FAILED, error_code="Unauthorized", error="no token")

    assert report(run).errors == [
        "profile, stories, posts, reels, highlights: Unauthorized: no token"
    ]
