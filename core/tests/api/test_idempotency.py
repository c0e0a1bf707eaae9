"""`Idempotency-Key` on POSTs that create."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from core.models import IdempotencyKey
from core.users.models import Account
from instagram.models import ArchiveRun, User

USERS = "/instagram/users/"
BODY = {"username": "some.profile"}
KEY = {"Idempotency-Key": "3f1c"}


def test_a_request_that_is_sent_again_gets_the_same_answer(signed_in: APIClient) -> None:
    first = signed_in.post(USERS, BODY, headers=KEY)
    ArchiveRun.objects.update(state=ArchiveRun.State.SUCCEEDED)

    second = signed_in.post(USERS, BODY, headers=KEY)

    assert (first.status_code, second.status_code) == (201, 201)
    assert (second.json(), second["Idempotency-Replayed"]) == (first.json(), "true")
    assert ArchiveRun.objects.count() == 1, "no second run was started"


def test_the_order_of_the_keys_in_a_body_means_nothing(signed_in: APIClient) -> None:
    body = '{"username": "some.profile", "streams": ["stories"]}'
    other = '{"streams": ["stories"],  "username": "some.profile"}'

    answers = [
        signed_in.post("/instagram/runs/", text, content_type="application/json", headers=KEY)
        for text in (body, other)
    ]

    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize(
    ("path", "body"), [(USERS, {"username": "other"}), ("/instagram/runs/", BODY)]
)
def test_the_key_of_another_request_is_a_422(
    signed_in: APIClient, path: str, body: dict[str, str]
) -> None:
    signed_in.post(USERS, BODY, headers=KEY)

    response = signed_in.post(path, body, headers=KEY)

    assert (response.status_code, list(response.json())) == (422, ["detail"])
    assert User.objects.count() == 1


def test_a_refused_request_may_be_corrected_under_its_key(signed_in: APIClient) -> None:
    assert signed_in.post(USERS, {"username": "two words"}, headers=KEY).status_code == 400

    assert signed_in.post(USERS, BODY, headers=KEY).status_code == 201


def test_a_key_is_that_of_one_account(signed_in: APIClient, staff: Account) -> None:
    signed_in.post(USERS, BODY, headers=KEY)
    other = APIClient()
    other.force_authenticate(Account.objects.create_superuser("root@example.org", "x"))

    assert other.post(USERS, {"username": "other"}, headers=KEY).status_code == 201


def test_a_key_is_forgotten_after_24_hours(signed_in: APIClient) -> None:
    signed_in.post(USERS, BODY, headers=KEY)

    with time_machine.travel(timezone.now() + timedelta(hours=24, seconds=1)):
        response = signed_in.post(USERS, {"username": "other"}, headers=KEY)

    assert response.status_code == 201
    assert IdempotencyKey.objects.count() == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "two words", "naïve"])
def test_a_malformed_key_is_refused(signed_in: APIClient, key: str) -> None:
    response = signed_in.post(USERS, BODY, headers={"Idempotency-Key": key})

    assert (response.status_code, list(response.json())) == (400, ["Idempotency-Key"])


@pytest.mark.django_db(transaction=True)
def test_requests_at_once_with_one_key_do_the_work_once(account: Account, own_cache: None) -> None:
    answers = []

    def ask() -> None:
        client = APIClient()
        client.force_authenticate(Account.objects.get(pk=account.pk))
        answers.append(client.post(USERS, BODY, headers=KEY))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [each.status_code for each in answers] == [201] * 6
    assert len({each.content for each in answers}) == 1
    assert sum("Idempotency-Replayed" in each for each in answers) == 5
