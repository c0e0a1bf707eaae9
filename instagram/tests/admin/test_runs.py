"""Admin actions on runs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.users.models import Account
from instagram.models import ArchiveRun
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting() -> ArchiveRun:
    """A run that was put off for an hour."""
    later = timezone.now() + timedelta(hours=1)
    return ArchiveRun.objects.create(
        user=UserFactory.create(), state="running", next_attempt_at=later
    )


def try_now(client: Client, run: ArchiveRun) -> None:
    """Choose the action for the run in the list."""
    client.post(
        reverse("admin:instagram_archiverun_changelist"),
        {"action": "try_now", "_selected_action": [str(run.pk)]},
    )


def test_the_pause_of_a_run_can_be_ended(admin_client: Client, waiting: ArchiveRun) -> None:
    try_now(admin_client, waiting)

    assert ArchiveRun.objects.due(timezone.now()).get() == waiting


def test_a_reader_of_runs_ends_no_pause(
    client: Client, staff: Account, waiting: ArchiveRun
) -> None:
    staff.user_permissions.add(Permission.objects.get(codename="view_archiverun"))
    client.force_login(staff)

    try_now(client, waiting)

    assert not ArchiveRun.objects.due(timezone.now()).exists()
