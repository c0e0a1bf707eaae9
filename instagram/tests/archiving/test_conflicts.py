"""A page that loses a conflict with another transaction is written again, without another call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection

from api_logs.models import APIRequestLog
from instagram.models import ArchiveRun, ChangeEvent, Post, User
from lab.simulator.client import SimulatorControl
from tests.support.running import archive, ends

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "api_log"])

# The sequence counts on when a transaction is rolled back.
LOSE = """
    CREATE SEQUENCE commits;
    CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('commits') % {rivals} <> 0 THEN
            RAISE EXCEPTION 'lost' USING ERRCODE = '{code}';
        END IF;
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER lose AFTER UPDATE OF seen ON instagram_runstream
        DEFERRABLE INITIALLY {when} FOR EACH ROW EXECUTE FUNCTION lose();
"""
FORGET = "DROP FUNCTION lose CASCADE; DROP SEQUENCE commits;"


@pytest.fixture
def rivals(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every page loses as often as the test says before it is committed."""
    with connection.cursor() as cursor:
        cursor.execute(LOSE.format(**request.param))
        yield
        cursor.execute(FORGET)


TIMES = pytest.mark.parametrize(
    "rivals",
    [
        {"code": "40P01", "when": "IMMEDIATE", "rivals": 2},
        {"code": "40001", "when": "DEFERRED", "rivals": 2},
        {"code": "40P01", "when": "DEFERRED", "rivals": 3},
    ],
    indirect=True,
    ids=["a deadlock", "at the commit", "twice"],
)


def calls_and_pages(run: ArchiveRun) -> tuple[int, int]:
    """The numbers of a run's calls and pages."""
    calls = APIRequestLog.objects.filter(batch=str(run.pk)).count()
    return calls, sum(stream.pages for stream in run.streams.all())


@pytest.mark.slow
@TIMES
@pytest.mark.usefixtures("rivals")
def test_a_page_that_lost_a_conflict_is_written_again_without_a_call(
    provider: SimulatorControl,
) -> None:
    run = archive("story.hours")

    calls, pages = calls_and_pages(run)
    assert {*ends(run).values()} == {("succeeded", "")}
    assert calls == pages


@pytest.mark.slow
@TIMES
@pytest.mark.usefixtures("rivals")
def test_a_page_that_lost_a_conflict_is_counted_and_recorded_once(
    provider: SimulatorControl,
) -> None:
    run = archive("story.hours")

    told = ChangeEvent.objects.filter(event="appeared").values_list("kind", "object_id")
    streams = run.streams.all()
    assert sum(stream.new for stream in streams if stream.name == "posts") == Post.objects.count()
    assert len(told) == len({*told})
    assert Post.history.count() == Post.objects.count()


@pytest.mark.slow
@TIMES
@pytest.mark.usefixtures("rivals")
def test_a_change_is_not_lost_with_the_first_attempt(provider: SimulatorControl) -> None:
    archive("story.hours")
    provider.edit("change_profile", username="story.hours", changes={"biography": "another"})

    archive("story.hours")

    change = ChangeEvent.objects.filter(kind="user", event="changed").get()
    assert change.fields["biography"]["new"] == "another"
    assert User.objects.get().biography == "another"
