"""Permissions that a feature declares. The feature is the toy."""

from __future__ import annotations

import pytest
from django.apps.registry import Apps
from django.contrib.auth.models import Group, Permission
from pytest_django import DjangoAssertNumQueries
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from core import permissions
from core.api.permissions import needs
from core.apps import sync_permissions
from core.users.models import Account

pytestmark = pytest.mark.django_db

NAME = "toy.note"


class ToyView(APIView):
    """What only those may ask for who hold the toy's permission."""

    permission_classes = (needs(NAME),)

    def get(self, _: Request) -> Response:
        return Response()


@pytest.fixture
def permission() -> Permission:
    """The toy's, as the first `migrate` has written it."""
    Permission.objects.filter(codename=NAME).delete()
    permissions.sync()
    return Permission.objects.get(codename=NAME)


def status(account: Account | None) -> int:
    """What the view answers."""
    request = APIRequestFactory().get("/")
    force_authenticate(request, account)
    return ToyView.as_view()(request).status_code


def test_a_declared_permission_is_written_for_its_groups(permission: Permission) -> None:
    assert permission.name == "Can write notes"
    assert [group.name for group in permission.group_set.all()] == ["Toys"]


def test_what_staff_took_from_a_group_stays_taken(permission: Permission) -> None:
    Group.objects.get(name="Toys").permissions.clear()

    permissions.sync()

    assert not permission.group_set.exists()


def test_another_description_is_followed(permission: Permission) -> None:
    Permission.objects.filter(pk=permission.pk).update(name="Could write notes")

    permissions.sync()

    permission.refresh_from_db()
    assert permission.name == "Can write notes"


def test_where_all_is_written_one_statement_is_sent(
    permission: Permission, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1 + 2):  # and a savepoint around it
        sync_permissions(using="default")


def test_a_database_without_django_s_tables_is_left_alone(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(0):
        sync_permissions(using="default", apps=Apps())


def test_a_view_lets_through_only_who_holds_it(permission: Permission, account: Account) -> None:
    assert (status(None), status(account)) == (401, 403)
    account.groups.add(Group.objects.get(name="Toys"))

    assert status(Account.objects.get(pk=account.pk)) == 200


def test_an_undeclared_name_is_an_error(account: Account) -> None:
    with pytest.raises(LookupError):
        permissions.holds(account, "toy.unknown")
