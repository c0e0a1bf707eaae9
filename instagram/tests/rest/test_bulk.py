"""POST /instagram/users/bulk/, and the daily limit of roles."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from core.scopes import Role
from core.users.models import Account, RoleLimit
from instagram import adding
from instagram.models import ArchiveRun, ProfileAddition, RunStream, Tombstone, User
from instagram.models.erasure import digest

BULK = "/instagram/users/bulk/"


def results(response: Any) -> list[tuple[str, str | None, str]]:
    assert response.status_code == 200, response.content
    return [(row["given"], row["username"], row["result"]) for row in response.json()["results"]]


def limit_archivists(count: int) -> None:
    RoleLimit.objects.create(role=Group.objects.get(name=Role.ARCHIVIST), profiles_a_day=count)


def test_each_name_has_its_own_result(signed_in: APIClient) -> None:
    known = User.objects.create(username="known.one", instagram_id="25")
    Tombstone.objects.create(
        id_digest=digest("26"), username_digests=[digest("erased.one")], reason="order 7"
    )
    given = ["@New.One", "known.one", "two words", "new.one", "erased.one", ""]

    response = signed_in.post(BULK, {"usernames": given})

    assert results(response) == [
        ("@New.One", "new.one", "added"),
        ("known.one", "known.one", "known"),
        ("two words", None, "invalid"),
        ("new.one", "new.one", "repeated"),
        ("erased.one", "erased.one", "erased"),
        ("", None, "invalid"),
    ]
    rows = response.json()["results"]
    assert rows[1]["user"] == str(known.pk)
    assert {row["run"] for row in rows[:2]} == {str(run.pk) for run in ArchiveRun.objects.all()}
    assert "erased on request" in rows[4]["detail"]
    assert RunStream.objects.filter(run__user=known).count() == len(RunStream.Name)


@pytest.mark.parametrize(
    "text",
    [
        "one.name\ntwo.name\n",
        "one.name\r\n\r\ntwo.name",
        "\ufeffusername\none.name\ntwo.name",
        "id;Username;note\n1;one.name;x\n2;two.name;\n",
        'url,followers\n"https://www.instagram.com/one.name/",5\n@two.name,6\n',
        "handle\tnote\none.name\tfirst\ntwo.name\tsecond",
    ],
)
def test_a_csv_holds_the_names_in_one_column(signed_in: APIClient, text: str) -> None:
    response = signed_in.post(BULK, text.encode(), content_type="text/csv")

    assert [name for _, name, _ in results(response)] == ["one.name", "two.name"]


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"", "text/csv"), (b"\n\n", "text/csv"), (b"\xff\xfe", "text/csv"),
        (b"id,login\n1,a.name\n", "text/csv"),
        (b'"a.name\nb.name\n', "text/csv"), (b"a" * 200_000, "text/csv"),
        (b"a\n" * 1001, "text/csv"), (b"{}", "application/json"), (b"[]", "application/json"),
        (b'{"usernames": []}', "application/json"), (b'{"usernames": [7]}', "application/json"),
    ],
)  # fmt: skip
def test_a_wrong_body_adds_nothing(signed_in: APIClient, body: bytes, media_type: str) -> None:
    response = signed_in.post(BULK, body, content_type=media_type)

    assert response.status_code == 400, response.content
    assert not User.objects.exists()


def test_a_csv_that_is_too_long_is_refused(signed_in: APIClient, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10

    response = signed_in.post(BULK, b"some.names\n" * 3, content_type="text/csv")

    assert response.status_code == 413


def test_a_thousand_names_cost_as_many_statements_as_two(account: Account) -> None:
    counts = []
    for count in (2, 1000):
        names = [f"profile.{count}.{number}" for number in range(count)]
        with CaptureQueriesContext(connection) as queries:
            adding.add(names, by=account)
        counts.append(len(queries))

    assert counts[0] == counts[1] == 14  # with the savepoint of the test


def test_names_beyond_the_limit_of_the_role_are_refused(signed_in: APIClient) -> None:
    limit_archivists(2)

    first = signed_in.post(BULK, {"usernames": ["a.one", "b.two", "c.three"]})
    assert [result for _, _, result in results(first)] == ["added", "added", "limit"]

    one = signed_in.post("/instagram/users/", {"username": "d.four"})
    assert one.status_code == 429
    assert 86_000 < int(one["Retry-After"]) <= 86_400
    assert signed_in.post("/instagram/users/", {"username": "a.one"}).status_code == 200


def test_the_window_of_the_limit_rolls(signed_in: APIClient) -> None:
    limit_archivists(2)
    with time_machine.travel(timezone.now() - timedelta(hours=23), tick=False):
        signed_in.post(BULK, {"usernames": ["a.one"]})
    signed_in.post(BULK, {"usernames": ["b.two"]})

    refused = signed_in.post("/instagram/users/", {"username": "c.three"})
    assert 3500 < int(refused["Retry-After"]) <= 3600

    with time_machine.travel(timezone.now() + timedelta(seconds=3601)):
        assert signed_in.post("/instagram/users/", {"username": "c.three"}).status_code == 201


def test_the_highest_limit_of_several_roles_counts(signed_in: APIClient, account: Account) -> None:
    limit_archivists(1)
    more = Group.objects.create(name="Newsroom")
    RoleLimit.objects.create(role=more, profiles_a_day=3)
    account.groups.add(more)

    response = signed_in.post(BULK, {"usernames": ["a.one", "b.two", "c.three", "d.four"]})

    assert [result for _, _, result in results(response)].count("added") == 3


def test_staff_has_no_limit(api: APIClient, staff: Account) -> None:
    staff.groups.add(Group.objects.get(name=Role.ARCHIVIST))
    limit_archivists(0)
    api.force_authenticate(staff)

    assert api.post("/instagram/users/", {"username": "a.one"}).status_code == 201
    assert not ProfileAddition.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_requests_at_once_share_one_limit(account: Account) -> None:
    limit_archivists(10)
    outcomes: list[adding.AddedProfile | adding.Refusal] = []

    def add(start: int) -> None:
        mine = Account.objects.get(pk=account.pk)
        names = [f"profile.{start}.{number}" for number in range(5)]
        outcomes.extend(adding.add(names, by=mine).values())
        connection.close()

    threads = [threading.Thread(target=add, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(isinstance(each, adding.AddedProfile) for each in outcomes) == 10
    assert (User.objects.count(), ProfileAddition.objects.count(), len(outcomes)) == (10, 10, 30)
