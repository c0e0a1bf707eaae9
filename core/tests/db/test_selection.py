"""Statements that are compiled and prepared once."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import ProgrammingError, connection
from django.db.models import QuerySet

from core.db.selection import MAX_STATEMENTS, Given, KeyQuery, Selection, fetch
from core.users.models import Account

ADDRESSES = ("ada@example.org", "grace@example.org")


class ByAddress:
    """Builds the query of one address, and counts how often it is built."""

    def __init__(self) -> None:
        self.selection = Selection(Account.objects.all(), ("pk", "email"))
        self.built = 0

    def find(self, address: str, *, shape: int = 0) -> list[str]:
        query = KeyQuery(shape, self._build, {"email": address})
        return [row["email"] for row in self.selection.within(query)]

    def _build(self) -> QuerySet[Any]:
        self.built += 1
        email = Account._meta.get_field("email")
        return Account.objects.filter(email=Given("email", email)).order_by("pk")


@pytest.fixture
def accounts() -> ByAddress:
    for address in ADDRESSES:
        Account.objects.create_user(email=address, password=None)
    return ByAddress()


@pytest.mark.django_db
def test_queries_of_one_shape_are_compiled_once_and_find_their_own_rows(
    accounts: ByAddress,
) -> None:
    assert [accounts.find(address) for address in ADDRESSES] == [[each] for each in ADDRESSES]
    assert accounts.built == 1


@pytest.mark.django_db
def test_too_many_shapes_are_forgotten_and_compiled_again(accounts: ByAddress) -> None:
    for shape in range(MAX_STATEMENTS + 1):
        accounts.find(ADDRESSES[0], shape=shape)

    assert accounts.find(ADDRESSES[1], shape=0) == [ADDRESSES[1]]
    assert accounts.built == MAX_STATEMENTS + 2


@pytest.mark.django_db
def test_a_session_without_its_prepared_statements_names_the_setting() -> None:
    fetch("SELECT 1", prepare=True)
    with connection.cursor() as cursor:
        # As if a pooler had given another session. psycopg would notice a bare DEALLOCATE.
        cursor.execute("DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$")

    with pytest.raises(ProgrammingError, match="DATABASE_PREPARED_STATEMENTS=false"):
        fetch("SELECT 1", prepare=True)


@pytest.mark.django_db
def test_a_selection_that_is_not_prepared_is_planned_for_the_table_as_it_is_now() -> None:
    prepared = Selection(Account.objects.all(), ("email", "is_staff"))
    planned = Selection(Account.objects.all(), ("email", "is_superuser"), prepare=False)
    for selection in (prepared, planned):
        selection.of([])

    kept = fetch("SELECT string_agg(statement, '') FROM pg_prepared_statements", prepare=False)
    assert '"is_staff" AS' in kept[0][0]
    assert '"is_superuser" AS' not in kept[0][0]
