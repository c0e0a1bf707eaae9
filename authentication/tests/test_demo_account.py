"""The login that the demo prints."""

from __future__ import annotations

from io import StringIO

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from pytest_django import Settings

from core.users.models import Account
from settings import current
from settings.models import AccessSetting, Registration

pytestmark = pytest.mark.django_db


def printed() -> tuple[str, str]:
    out = StringIO()
    call_command("demo_account", stdout=out)
    email, password = out.getvalue().split()
    return email, password


def test_the_printed_login_works() -> None:
    email, password = printed()

    assert authenticate(username=email, password=password) is not None


def test_a_second_call_makes_no_second_account() -> None:
    assert printed() == printed()
    assert Account.objects.count() == 1


def test_everybody_may_register_in_the_demo_until_staff_changes_that() -> None:
    printed()
    assert current.access().registration == Registration.OPEN

    AccessSetting.objects.update(registration=Registration.CLOSED)
    printed()
    assert current.access().registration == Registration.CLOSED


def test_a_server_that_others_reach_gets_no_public_login(settings: Settings) -> None:
    settings.IS_LOCAL = False

    with pytest.raises(CommandError, match="local runs only"):
        printed()
