"""Database connections that time out if the server does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from psycopg import OperationalError

from core.db.connections import WebConnection

pytestmark = pytest.mark.django_db


@pytest.fixture
def web() -> Iterator[WebConnection]:
    """A connection of a web process to the test database."""
    keys = ("dbname", "user", "password", "host", "port")
    facts: dict[str, Any] = {
        key: value for key, value in connection.get_connection_params().items() if key in keys
    }
    with WebConnection.connect(**facts, autocommit=True) as web:
        yield web


def test_a_statement_that_times_out_closes_the_connection(
    web: WebConnection,
) -> None:
    web.timeout = 0.1

    with pytest.raises(OperationalError), web.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(10)")

    assert web.closed


def test_an_error_of_a_statement_keeps_the_connection(web: WebConnection) -> None:
    with pytest.raises(OperationalError), web.cursor() as cursor:
        cursor.execute("SET statement_timeout = 1; SELECT pg_sleep(10)")

    assert not web.closed


@pytest.mark.slow
def test_the_check_of_the_pool_has_a_shorter_timeout(web: WebConnection) -> None:
    with pytest.raises(OperationalError):
        web.execute("SELECT pg_sleep(10)")

    assert web.closed
