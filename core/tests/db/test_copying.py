"""COPY writes the same rows as `save`."""

from __future__ import annotations

import itertools

import pytest
from django.utils import timezone

from core.db.copying import copy_rows, fresh_keys
from core.models import WorkerHeartbeat
from core.users.models import Account

pytestmark = pytest.mark.django_db


def test_rows_arrive_with_their_values() -> None:
    now = timezone.now()

    copy_rows(WorkerHeartbeat, [{"worker": "a\tb\\n", "beaten_at": now}])

    assert WorkerHeartbeat.objects.values_list("worker", "beaten_at").get() == ("a\tb\\n", now)


def test_missing_columns_get_the_default() -> None:
    copy_rows(Account, [{"email": "mara@example.org", "password": "!"}])

    account = Account.objects.get()
    assert (account.is_active, account.is_staff, account.name) == (True, False, "")


def test_no_rows_write_nothing() -> None:
    copy_rows(WorkerHeartbeat, [])

    assert not WorkerHeartbeat.objects.exists()


def test_reserved_keys_are_not_issued_again() -> None:
    reserved = list(itertools.islice(fresh_keys(WorkerHeartbeat, at_once=2), 5))

    saved = WorkerHeartbeat.objects.create(worker="a", beaten_at=timezone.now())

    assert len(set(reserved)) == 5
    assert saved.pk not in reserved
