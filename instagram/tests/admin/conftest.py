"""Clients that are signed in to the admin."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

import config.urls  # noqa: F401  it loads the pages, of which tests are made
from core.users.models import Account


@pytest.fixture
def superuser(db: None) -> Account:
    """A superuser."""
    return Account.objects.create_superuser("root@example.org", "battery staple")


@pytest.fixture
def admin_client(superuser: Account) -> Client:
    """The client of the superuser."""
    client = Client()
    client.force_login(superuser)
    return client


@pytest.fixture
def viewer_client(staff: Account) -> Client:
    """A client of staff with the permission to view profiles only."""
    staff.user_permissions.set(Permission.objects.filter(codename="view_user"))
    client = Client()
    client.force_login(staff)
    return client
