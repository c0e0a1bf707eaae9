"""GET /instagram/runs/<id>/events/."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from rest_framework.test import APIClient

from authentication import bans, tokens
from core.api import event_streams
from core.users.models import Account
from instagram import actions
from instagram.models import ArchiveRun, RunStream
from instagram.views import run_events
from settings.models import AccessSetting


@pytest.fixture
def watcher(monkeypatch: pytest.MonkeyPatch) -> run_events.RunWatcher:
    """Reads fifty times a second."""
    quick = run_events.RunWatcher(interval=0.02)
    monkeypatch.setattr(run_events, "watcher", quick)
    monkeypatch.setattr(run_events, "HEARTBEAT", 0.1)
    monkeypatch.setattr(event_streams, "slots", event_streams.Slots())
    return quick


@pytest.fixture
def run(transactional_db: None, watcher: run_events.RunWatcher) -> ArchiveRun:
    return actions.add_profile(name="some.profile", by=None).run


def address(run: ArchiveRun) -> str:
    return f"/instagram/runs/{run.pk}/events/"


def events(response: object) -> Iterator[tuple[str, str, dict[str, object]]]:
    """The id, name and data of each event of an open stream."""
    for chunk in response.streaming_content:  # type: ignore[attr-defined]  # of the test client
        fields = dict(line.split(": ", 1) for line in chunk.decode().splitlines() if ": " in line)
        if "data" in fields:
            yield fields["id"], fields["event"], json.loads(fields["data"])


def end(run: ArchiveRun) -> None:
    ArchiveRun.objects.filter(pk=run.pk).update(state=ArchiveRun.State.SUCCEEDED)


def test_a_stream_tells_each_change_and_ends_with_the_run(api: APIClient, run: ArchiveRun) -> None:
    response = api.get(address(run), headers={"Accept": "text/event-stream"})
    assert (response.status_code, response["Content-Type"]) == (200, "text/event-stream")
    stream = events(response)

    _, name, data = next(stream)
    assert (name, data) == ("progress", api.get(f"/instagram/runs/{run.pk}/").json())

    RunStream.objects.filter(run=run, name="profile").update(pages=1)
    _, name, data = next(stream)
    assert (name, data["streams"][0]["pages"]) == ("progress", 1)  # type: ignore[index]  # of any JSON

    end(run)
    assert [(name, data["state"]) for _, name, data in stream] == [("end", "succeeded")]
    response.close()
    assert event_streams.slots.taken == 0


def test_a_client_that_connects_again_gets_what_it_missed(api: APIClient, run: ArchiveRun) -> None:
    first = api.get(address(run))
    last, _, _ = next(events(first))
    first.close()
    end(run)

    second = api.get(address(run), headers={"Last-Event-ID": last})
    [(last, name, _)] = events(second)
    second.close()

    assert name == "end"
    assert api.get(address(run), headers={"Last-Event-ID": last}).status_code == 204


def test_beyond_the_bound_a_client_is_told_to_poll(
    api: APIClient, run: ArchiveRun, settings: Settings
) -> None:
    settings.EVENT_STREAMS = 1
    first = api.get(address(run))

    refused = api.get(address(run))
    assert (refused.status_code, refused["Retry-After"]) == (503, "15")

    first.close()  # before its first event was read
    again = api.get(address(run))
    assert again.status_code == 200
    again.close()


def test_an_unknown_run_is_a_404_in_json(api: APIClient) -> None:
    address = f"/instagram/runs/{uuid4()}/events/"

    response = api.get(address, headers={"Accept": event_streams.MEDIA_TYPE})

    assert (response.status_code, list(response.json())) == (404, ["detail"])


def test_the_stream_of_a_deleted_run_ends(api: APIClient, run: ArchiveRun) -> None:
    response = api.get(address(run))
    stream = events(response)
    next(stream)

    RunStream.objects.all().delete()
    run.delete()

    assert [name for _, name, _ in stream] == ["gone"]
    response.close()


@pytest.mark.parametrize("way", ["token", "cookie"])
def test_a_ban_ends_the_stream(api: APIClient, run: ArchiveRun, account: Account, way: str) -> None:
    AccessSetting.objects.create(private_reading=True)
    assert api.get(address(run)).status_code == 401
    client = Client()
    if way == "token":
        client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {tokens.issue(account)['access']}"
    else:
        client.force_login(account)
    response = client.get(address(run))
    stream = events(response)
    next(stream)

    bans.ban(account, reason="test", ends_at=None, by=None)

    assert [*stream] == []
    response.close()


def test_one_thread_reads_all_runs_in_five_statements(
    api: APIClient, run: ArchiveRun, watcher: run_events.RunWatcher
) -> None:
    other = actions.add_profile(name="other.profile", by=None).run
    with CaptureQueriesContext(connection) as queries:
        found = run_events.read([run.pk, other.pk])
    assert (len(queries), {*found}) == (5, {run.pk, other.pk})

    before = {*threading.enumerate()}  # those of other tests may not have ended yet
    opened = [api.get(address(each)) for each in (run, other) * 5]
    for response in opened:
        next(events(response))
    threads = [*{*threading.enumerate()} - before]
    assert [each.name for each in threads] == ["run-watcher"]

    for response in opened:
        response.close()
    threads[0].join(5)
    assert not threads[0].is_alive(), "it ends with the last stream"


def test_a_run_that_is_gone_is_not_known(transactional_db: None) -> None:
    assert not run_events.is_known(uuid4(), "")
