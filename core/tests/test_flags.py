"""Feature flags. The flag is the toy feature's."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.template import Context, Template
from django.test import Client, RequestFactory
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from core import flags
from core.apps import sync_flags
from core.models import FeatureFlag
from core.scopes import Role
from core.users.models import Account

pytestmark = pytest.mark.django_db

NAME = "toy.colours"
FLAGS = "/authentication/flags/"


@pytest.fixture
def flag() -> FeatureFlag:
    """The toy's, as `migrate` writes it."""
    flags.sync()
    return FeatureFlag.objects.get(name=NAME)


def again(account: Account) -> Account:
    """The account as another request reads it."""
    return Account.objects.get(pk=account.pk)


def test_a_new_flag_is_off(flag: FeatureFlag, account: Account) -> None:
    assert flag.description == "Notes in colours"
    assert not flags.is_active(NAME, account)
    assert not flags.is_active(NAME, AnonymousUser())


def test_a_flag_is_on_for_all_for_a_role_or_for_an_account(
    flag: FeatureFlag, account: Account, staff: Account
) -> None:
    flag.roles.add(Group.objects.get(name=Role.ARCHIVIST))
    assert [flags.is_active(NAME, again(each)) for each in (account, staff)] == [True, False]

    flag.roles.clear()
    flag.accounts.add(staff)
    assert [flags.is_active(NAME, again(each)) for each in (account, staff)] == [False, True]

    FeatureFlag.objects.update(is_on_for_all=True)
    assert flags.is_active(NAME, again(account))
    assert flags.is_active(NAME, AnonymousUser())


def test_a_typing_error_is_no_refusal(account: Account) -> None:
    with pytest.raises(LookupError, match=r"toy\.colors"):
        flags.is_active("toy.colors", account)


def test_an_account_object_asks_once(
    flag: FeatureFlag, account: Account, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    mine = again(account)
    with django_assert_num_queries(1):
        assert [flags.is_active(flag.name, mine) for _ in range(3)] == [False] * 3


def test_a_template_asks_for_the_account_of_its_request(
    flag: FeatureFlag, account: Account
) -> None:
    flag.accounts.add(account)
    template = Template('{% load flags %}{% is_active "toy.colours" as x %}{% if x %}on{% endif %}')
    shown = []
    for user in (account, AnonymousUser()):
        request = RequestFactory().get("/")
        request.user = user
        shown.append(template.render(Context({"request": request})))

    assert [*shown, template.render(Context())] == ["on", "", ""]


def test_clients_read_the_active_flags(flag: FeatureFlag, api: APIClient, account: Account) -> None:
    flag.accounts.add(account)
    assert api.get(FLAGS).json() == {"active": []}

    api.force_authenticate(again(account))
    assert api.get(FLAGS).json() == {"active": [NAME]}


def test_migrating_again_keeps_what_staff_switched(flag: FeatureFlag) -> None:
    FeatureFlag.objects.update(is_on_for_all=True, description="old")

    sync_flags(using="default")

    flag.refresh_from_db()
    assert (flag.is_on_for_all, flag.description) == (True, "Notes in colours")


def test_staff_switches_a_flag(admin_client: Client, flag: FeatureFlag, account: Account) -> None:
    page = f"/admin/core/featureflag/{flag.pk}/change/"
    assert b"Notes in colours" in admin_client.get(page).content

    admin_client.post(page, {"is_on_for_all": "on", "accounts": [account.pk]})

    flag.refresh_from_db()
    assert (flag.is_on_for_all, [*flag.accounts.all()]) == (True, [account])
    assert admin_client.get("/admin/core/featureflag/add/").status_code == 403
