"""Admin lists are fast on large tables; accounts are created by e-mail address."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from core.admin.bases import COUNTED, BigTablePaginator
from core.db.copying import copy_rows
from core.models import WorkerHeartbeat
from core.users.models import Account

pytestmark = pytest.mark.django_db


def fill(count: int) -> None:
    """Insert rows and analyze the table, so that the planner knows their number."""
    now = timezone.now()
    copy_rows(WorkerHeartbeat, ({"worker": str(n), "beaten_at": now} for n in range(count)))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE core_workerheartbeat")


def test_a_short_table_is_counted() -> None:
    fill(3)

    assert BigTablePaginator(WorkerHeartbeat.objects.order_by("pk"), 50).count == 3


def test_a_long_table_is_estimated() -> None:
    fill(COUNTED + 2000)

    assert BigTablePaginator(WorkerHeartbeat.objects.order_by("pk"), 50).count == COUNTED + 2000


def test_a_long_filtered_list_ends_where_counting_ends(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    fill(COUNTED + 2000)
    rows = WorkerHeartbeat.objects.filter(worker__contains="").order_by("pk")

    with django_assert_num_queries(1):
        counted = BigTablePaginator(rows, 50).count

    assert counted == COUNTED


def test_an_account_is_added_with_its_address(client: Client) -> None:
    client.force_login(Account.objects.create_superuser("root@example.org"))
    password = "battery staple horse"

    client.post(
        reverse("admin:users_account_add"),
        {"email": "mara@example.org", "password1": password, "password2": password},
    )

    assert Account.objects.get(email="mara@example.org").check_password(password)


def test_an_account_without_rights_sees_nothing(client: Client, staff: Account) -> None:
    client.force_login(staff)

    assert client.get(reverse("admin:users_account_changelist")).status_code == 403
