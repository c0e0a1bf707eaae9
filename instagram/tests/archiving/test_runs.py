"""The lease, the pages, the pauses and the end of a run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from core.utils.errors import (
    BudgetExhausted,
    NotAvailable,
    RateLimited,
    Transient,
    UnexpectedPayload,
)
from instagram import actions
from instagram.archiving import runs
from instagram.archiving.persist import Outcome
from instagram.models import ArchiveRun, RejectedItem, RunStream

pytestmark = pytest.mark.django_db


def claimed(*streams: str) -> ArchiveRun:
    """A run that this worker has leased."""
    added = actions.add_profile(name="lena.v", by=None, streams=streams or None)
    run = runs.claim(added.run.pk, now=timezone.now())
    assert run is not None
    return run


def stream_of(run: ArchiveRun, name: str = "posts") -> RunStream:
    return run.streams.get(name=name)


def test_only_one_worker_gets_a_run() -> None:
    run = claimed()

    assert runs.claim(run.pk, now=timezone.now()) is None


def test_the_run_of_a_dead_worker_is_due_within_a_minute() -> None:
    run = claimed()

    assert runs.claim(run.pk, now=timezone.now() + timedelta(seconds=60)) is not None


def test_a_run_pauses_for_as_long_as_a_provider_may_ask() -> None:
    run = claimed("posts")
    later = timezone.now() + timedelta(hours=1)
    ArchiveRun.objects.update(leased_until=None, next_attempt_at=later)

    assert runs.claim(run.pk, now=timezone.now()) is None


def test_a_worker_that_lost_its_run_can_store_nothing_more() -> None:
    run = claimed()
    runs.claim(run.pk, now=timezone.now() + timedelta(seconds=60))

    with pytest.raises(runs.LostLease):
        runs.advance(run, stream_of(run), Outcome(seen=1))


@pytest.mark.parametrize("state", [RunStream.State.FAILED, RunStream.State.SKIPPED])
def test_a_worker_that_lost_its_run_ends_no_stream(state: RunStream.State) -> None:
    run = claimed()
    stream = stream_of(run)
    runs.claim(run.pk, now=timezone.now() + timedelta(seconds=60))

    with pytest.raises(runs.LostLease):
        runs.end(run, stream, NotAvailable("no reason"), state=state)
    assert stream_of(run).state == "pending"


def test_a_worker_that_lost_its_run_cannot_put_it_off() -> None:
    run = claimed()
    runs.claim(run.pk, now=timezone.now() + timedelta(seconds=60))

    with pytest.raises(runs.LostLease):
        runs.pause(run, Transient("timeout"))


def put_off_by_a_failure(run: ArchiveRun) -> None:
    runs.pause(run, Transient("timeout"))


def put_off_by_a_cap(run: ArchiveRun) -> None:
    runs.postpone(run, BudgetExhausted("soft cap", retry_after=60))


@pytest.mark.parametrize("put_off", [put_off_by_a_failure, put_off_by_a_cap])
def test_a_worker_that_put_its_run_off_holds_it_no_longer(
    put_off: Callable[[ArchiveRun], None],
) -> None:
    run = claimed()

    put_off(run)

    with pytest.raises(runs.LostLease):
        runs.advance(run, stream_of(run), Outcome(seen=1))


def test_the_counts_of_a_page_that_was_rolled_back_are_not_kept() -> None:
    run = claimed()
    stream = stream_of(run)
    with suppress(DatabaseError), transaction.atomic():
        runs.advance(run, stream, Outcome(seen=50), next_cursor="abc")
        raise DatabaseError

    runs.end(run, stream, Transient("storing the page failed"))

    stream = stream_of(run)
    assert (stream.state, stream.seen, stream.cursor) == ("failed", 0, "")


def test_a_death_of_the_worker_is_an_attempt() -> None:
    run = claimed()

    again = runs.claim(run.pk, now=timezone.now() + timedelta(seconds=60))

    assert again is not None
    assert (run.attempts, again.attempts) == (0, 1)


def test_a_page_moves_the_cursor_and_counts() -> None:
    run = claimed()

    runs.advance(run, stream_of(run), Outcome(seen=50, new=49, changed=1), next_cursor="abc")

    stream = stream_of(run)
    assert (stream.cursor, stream.state) == ("abc", "pending")
    assert (stream.pages, stream.seen, stream.new, stream.changed) == (1, 50, 49, 1)


def test_a_stream_without_a_next_cursor_has_succeeded() -> None:
    run = claimed()

    runs.advance(run, stream_of(run), Outcome(seen=3))

    assert stream_of(run).state == "succeeded"


def test_a_cursor_that_repeats_ends_the_stream_as_failed() -> None:
    run = claimed()

    for cursor in ("a", "b", "a"):
        runs.advance(run, stream_of(run), Outcome(seen=1), next_cursor=cursor)

    stream = stream_of(run)
    assert (stream.state, stream.error_code, stream.seen) == ("failed", "UnexpectedPayload", 3)


def test_one_empty_page_is_passed_over() -> None:
    run = claimed()

    runs.advance(run, stream_of(run), Outcome(), next_cursor="a")

    assert stream_of(run).state == "pending"


def test_a_stream_of_empty_pages_without_end_fails() -> None:
    run = claimed()

    for number in range(runs.MAX_EMPTY_PAGES):
        runs.advance(run, stream_of(run), Outcome(), next_cursor=str(number))

    assert stream_of(run).state == "failed"


def test_an_unreadable_item_is_kept_and_the_stream_does_not_claim_success() -> None:
    run = claimed()
    odd = UnexpectedPayload("missing", path="posts[3].taken_at", raw={"pk": "1"})

    runs.advance(run, stream_of(run), Outcome(seen=2), rejected=[odd])

    assert RejectedItem.objects.get().raw == {"pk": "1"}
    assert stream_of(run).state == "failed"


def test_a_paused_run_is_due_when_its_pause_is_over() -> None:
    run = claimed()

    runs.pause(run, Transient("timeout"))

    assert runs.claim(run.pk, now=timezone.now()) is None
    assert runs.claim(run.pk, now=timezone.now() + timedelta(seconds=10)) is not None


def test_the_provider_decides_how_long_a_run_pauses() -> None:
    run = claimed()

    runs.pause(run, RateLimited("slow down", retry_after=600))

    run.refresh_from_db()
    assert run.next_attempt_at > timezone.now() + timedelta(seconds=590)


def test_a_run_gives_up_after_its_last_attempt() -> None:
    run = claimed()
    ArchiveRun.objects.update(attempts=runs.MAX_ATTEMPTS)

    assert not runs.pause(run, Transient("timeout"))


def test_a_run_with_a_failed_stream_has_failed() -> None:
    run = claimed()
    runs.fail_all(run, Transient("timeout"))

    runs.finish(run)

    run.refresh_from_db()
    assert (run.state, run.is_active, run.lease) == ("failed", False, None)


def test_a_run_does_not_end_while_a_stream_is_left() -> None:
    run = claimed()

    assert not runs.finish(run)


def test_a_released_run_is_due_at_once() -> None:
    run = claimed()

    runs.release(run)

    assert runs.claim(run.pk, now=timezone.now()) is not None
