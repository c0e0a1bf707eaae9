"""A sample of `./dev verify`: a few faults, a few combinations, two days of the month."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import stamina

from api_logs.models import APIRequestLog
from instagram.models import Post, RunStream
from lab.faults import cases, month
from lab.faults.cases import SERVICE_FAULTS, Case, Fault
from lab.faults.contents import ExpectedArchive
from lab.faults.invariants import Invariants
from lab.faults.matrix import Matrix
from lab.faults.month import Month
from lab.faults.processes import ForkedProcesses
from lab.faults.sandbox import Sandbox
from lab.faults.scenario import Scenario
from storage import store
from storage.models import StoredFile

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True, databases=["default", "api_log"]),
]

WORLD = 4
BAD_GATEWAY = {**cases.CORE_API["bad_gateway"], "times": 2}
BROKEN = [{"service": "cdn", **cases.CDN[name], "times": 4} for name in ("truncate", "empty")]
SAMPLE = (
    Case("outage", WORLD, (), (Fault("outage", 0, 0.0),)),
    Case(
        "kills among the pages and the files",
        WORLD,
        (BAD_GATEWAY, *BROKEN),
        (Fault("kill", 0, 0.2), Fault("kill", 0, 0.5)),
        workers=2,
    ),
)


@pytest.fixture
def quiet() -> Iterator[None]:
    """Disable logging and retry waits."""
    logging.disable(logging.ERROR)
    stamina.set_testing(True, attempts=3)
    yield
    stamina.set_testing(False)
    logging.disable(logging.NOTSET)


def test_a_sample_of_the_matrix_ends_with_a_complete_archive(sandbox: Sandbox) -> None:
    matrix = Matrix(sandbox)

    for case in SAMPLE:
        matrix.one(case)

    assert matrix.figures()["failed"] == {}
    assert matrix.figures()["workers_killed"] == 2


def test_damage_and_loss_after_a_success_are_found(sandbox: Sandbox) -> None:
    scenario = Scenario(cases.baseline(WORLD), sandbox, None)
    assert scenario.run().violations == []
    lost, damaged = StoredFile.objects.filter(assets__isnull=False).order_by("pk")[:2]
    store.default().delete(lost.name)
    (store.default().root / damaged.name).write_bytes(b"something else")
    Post.objects.filter(pk=Post.objects.first()).update(
        caption="not theirs", availability="deleted"
    )
    RunStream.objects.filter(name="stories").update(state="skipped")

    scenario.invariants.check()
    scenario.invariants.check_final(state=None, calls=2, allowed=1)

    broken = "\n".join(scenario.invariants.violations)
    assert "stored with wrong bytes: 2" in broken
    assert "false deletion of Post: 1" in broken
    assert "stories of a public profile was skipped" in broken
    assert "is archived as" in broken
    assert "2 calls, but only 1 are explained" in broken


def test_only_timeouts_that_no_fault_caused_explain_a_call(tmp_path: Path) -> None:
    invariants = Invariants(
        cases.baseline(WORLD), ExpectedArchive({}, {}), ForkedProcesses(tmp_path)
    )
    for _ in range(3):
        APIRequestLog.objects.create(error="/fetch_user_posts: ReadTimeout", price=0)

    invariants.note_hits([{"service": "core_api", "kind": "delay", "hits": 2}])

    assert invariants.own_timeouts() == 1


def test_no_story_of_two_days_is_lost_in_time_reported_as_covered(
    sandbox: Sandbox, quiet: None
) -> None:
    short = Month(sandbox, profiles=8, days=2, tick=timedelta(minutes=30))
    identified = short.prepare(short.stories())

    for _ in short.live():
        pass
    found = month.evaluate(short, identified)

    assert found["lost_in_covered_time"] == found["wrong_gaps"] == []
    assert found["recall"] > found["recall_six_hours_same_calls"]


def test_faults_of_shared_services_are_not_available(sandbox: Sandbox) -> None:
    assert SERVICE_FAULTS.isdisjoint(sandbox.available)
