"""Archive runs over REST."""

from __future__ import annotations

from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from core.users.models import Account
from instagram.models import ArchiveRun, RunStream
from tests.support.factories import (
    AssetFactory,
    PostFactory,
    PostMediaFactory,
    RunFactory,
    StreamFactory,
    UserFactory,
)

UNKNOWN_UUID = "5f0e6a52-6f5f-4f0e-9c55-0a3c2f3d8b11"

LIST_KEYS = {
    "id", "user", "state", "is_scheduled", "waits_for", "created_at", "started_at", "finished_at",
    "streams",
}  # fmt: skip
RUN_KEYS = LIST_KEYS | {"files", "bytes", "calls"}


def test_a_run_has_the_documented_keys(api: APIClient) -> None:
    run = StreamFactory.create().run

    body = api.get(f"/instagram/runs/{run.pk}/").json()

    assert set(body) == RUN_KEYS
    assert body["user"] == {"uuid": str(run.user.uuid), "username": run.user.username}
    assert body["streams"][0]["name"] == "profile"


def test_a_run_counts_the_files_of_its_streams(api: APIClient) -> None:
    run = StreamFactory.create(name=RunStream.Name.POSTS).run
    post = PostFactory.create(user=run.user)
    PostMediaFactory.create(post=post, position=1, image=AssetFactory.create())

    body = api.get(f"/instagram/runs/{run.pk}/").json()

    assert (body["files"]["wanted"], body["files"]["stored"], body["bytes"]) == (2, 1, 1000)


def test_strangers_see_the_code_of_an_error_and_staff_its_text(
    api: APIClient, staff: Account
) -> None:
    run = StreamFactory.create(error_code="Transient", error="secret.host refused").run
    path = f"/instagram/runs/{run.pk}/"

    (for_strangers,) = api.get(path).json()["streams"]
    api.force_authenticate(staff)
    (for_staff,) = api.get(path).json()["streams"]

    assert (for_strangers["error_code"], for_strangers["error"]) == ("Transient", None)
    assert for_staff["error"] == "secret.host refused"


def test_the_list_counts_no_files_and_takes_three_queries_however_long_it_is(
    api: APIClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(20):
        StreamFactory.create(run=RunFactory.create())

    with django_assert_num_queries(3):  # who may read, runs, streams
        body = api.get("/instagram/runs/").json()

    assert len(body["results"]) == 20
    assert set(body["results"][0]) == LIST_KEYS


def test_runs_of_one_profile_in_one_state(api: APIClient) -> None:
    user = UserFactory.create()
    failed = RunFactory.create(user=user, state="failed")
    RunFactory.create(user=user, state="queued")
    RunFactory.create(state="failed")

    query = {"user": str(user.uuid), "state": "failed"}
    results = api.get("/instagram/runs/", query).json()["results"]

    assert [run["id"] for run in results] == [str(failed.pk)]


def test_an_unknown_state_is_refused(api: APIClient) -> None:
    response = api.get("/instagram/runs/?state=lost")

    assert (response.status_code, list(response.json())) == (400, ["state"])


def test_a_run_can_be_requested_by_username(signed_in: APIClient, account: Account) -> None:
    response = signed_in.post("/instagram/runs/", {"username": "ada", "streams": ["profile"]})

    run = ArchiveRun.objects.get()
    assert (response.status_code, response.json()["id"]) == (202, str(run.pk))
    assert (run.user.username, run.requested_by) == ("ada", account)


def test_a_run_can_be_requested_by_uuid(signed_in: APIClient) -> None:
    user = UserFactory.create()

    response = signed_in.post("/instagram/runs/", {"user": str(user.uuid)})

    assert response.json()["user"] == {"uuid": str(user.uuid), "username": user.username}
    assert [stream["name"] for stream in response.json()["streams"]] == [
        "profile",
        "stories",
        "posts",
        "reels",
        "highlights",
    ]


def test_a_second_request_returns_the_active_run(signed_in: APIClient) -> None:
    first, second = (
        signed_in.post("/instagram/runs/", {"username": "ada"}).json() for _ in range(2)
    )

    assert first["id"] == second["id"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "non_field_errors"),
        ({"username": "ada", "user": UNKNOWN_UUID}, "user"),
        ({"user": "ada"}, "user"),
        ({"user": 2**70}, "user"),
        ({"username": "not a name"}, "username"),
        ({"username": "ada", "streams": []}, "streams"),
        ({"username": "ada", "streams": "posts"}, "streams"),
        ([], "non_field_errors"),
        ("ada", "non_field_errors"),
    ],
)
def test_a_wrong_request_is_refused_by_field(
    signed_in: APIClient, body: object, field: str
) -> None:
    response = signed_in.post("/instagram/runs/", body)

    assert (response.status_code, list(response.json())) == (400, [field])
    assert not ArchiveRun.objects.exists()


def test_strangers_may_not_start_runs(api: APIClient) -> None:
    assert api.post("/instagram/runs/", {"username": "ada"}).status_code == 401


def test_an_unknown_run_is_a_json_404(api: APIClient) -> None:
    response = api.get(f"/instagram/runs/{uuid4()}/")

    assert (response.status_code, list(response.json())) == (404, ["detail"])


@pytest.mark.parametrize("name", [7, 1.5, True, "a..b", "https://www.instagram.com/p/Cxyz/"])
def test_a_run_is_not_started_for_an_invalid_username(signed_in: APIClient, name: object) -> None:
    response = signed_in.post("/instagram/runs/", {"username": name})

    assert (response.status_code, list(response.json())) == (400, ["username"])
    assert not ArchiveRun.objects.exists()
