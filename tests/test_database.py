"""The database of a test process: a copy of the template."""

from __future__ import annotations

import pytest
from django.db import connection

from core.users.models import Account
from tests.support import database


@pytest.fixture
def name(db: None) -> str:
    return str(connection.settings_dict["NAME"])


def test_the_engine_is_that_of_production() -> None:
    assert connection.settings_dict["ENGINE"] == "django.db.backends.postgresql"


def test_an_abandoned_database_is_dropped_and_one_in_use_stays(name: str) -> None:
    abandoned = f"{database.TEST_PREFIX}abandoned"
    with database.administration() as server:
        database.run(server, "CREATE DATABASE {}", abandoned)

        database.drop_abandoned(server)

        left = database.databases(server, database.TEST_PREFIX)
    assert abandoned not in left
    assert name in left


def test_the_template_is_made_once(name: str) -> None:
    with database.administration() as server:
        assert database.ensure_template(server) == database.ensure_template(server)


@pytest.mark.django_db(transaction=True)
def test_emptying_leaves_only_what_migrations_made() -> None:
    Account.objects.create_user("reader@example.org", "battery staple")

    database.empty()

    assert not Account.objects.exists()
    assert {*connection.introspection.table_names()} >= database.KEPT
