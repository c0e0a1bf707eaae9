"""Admin lists are fast on large tables; accounts are created by e-mail address."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
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


def test_staff_without_all_rights_leaves_superusers_alone(client: Client, staff: Account) -> None:
    boss = Account.objects.create_superuser("boss@example.org", "battery staple")
    reader = Account.objects.create_user("reader@example.org", "battery staple")
    staff.user_permissions.set(Permission.objects.filter(content_type__app_label="users"))
    client.force_login(staff)

    def change(account: Account, **fields: str) -> int:
        address = reverse("admin:users_account_change", args=[account.pk])
        return client.post(address, {"email": account.email, **fields}).status_code

    assert change(boss, name="x") == 302, "to the list, as for an account that does not exist"
    assert change(reader, name="Reader", is_superuser="on", is_staff="on") == 302
    password = reverse("admin:auth_user_password_change", args=[boss.pk])
    assert client.get(password).status_code == 404

    boss.refresh_from_db()
    reader.refresh_from_db()
    assert (boss.name, reader.name, reader.is_superuser, reader.is_staff) == (
        "", "Reader", False, False,
    )  # fmt: skip
