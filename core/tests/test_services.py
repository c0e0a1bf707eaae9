"""`migrate` refuses unsuitable services with a clear message."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import redis
import time_machine
from django.db import connection
from django.utils import timezone
from psycopg import sql
from psycopg.conninfo import make_conninfo
from pytest_django import Settings

from core import checks
from embedded import processes, valkey
from tests.support.sources import ROOT


@pytest.fixture(params=["LATIN1", "SQL_ASCII"])
def wrong_database(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """An unsuitable encoding and the URL of a database with it."""
    name, encoding = f"wrong_{uuid.uuid4().hex[:12]}", request.param
    where = {"host": connection.settings_dict["HOST"], "user": "postgres"}
    make = sql.SQL("CREATE DATABASE {} ENCODING {} TEMPLATE template0 LOCALE 'C' {}").format(
        sql.Identifier(name), sql.Literal(encoding), sql.SQL("LOCALE_PROVIDER libc")
    )
    with psycopg.connect(**where, dbname="postgres", autocommit=True) as server:
        server.execute(make)
        yield encoding, make_conninfo(**where, dbname=name)
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.mark.slow
@pytest.mark.parametrize("command", ["migrate", "archive"])
def test_a_database_of_another_encoding_is_refused_with_what_makes_a_right_one(
    wrong_database: tuple[str, str], command: str
) -> None:
    encoding, address = wrong_database
    words = {"migrate": ["migrate"], "archive": ["archive", "some.name"]}[command]

    done = subprocess.run(  # noqa: S603  our own command line
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": address},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert f"has the encoding {encoding}" in done.stderr
    assert "createdb --encoding=UTF8" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def full_redis(tmp_path: Path, settings: Settings) -> Iterator[redis.Redis]:
    """A broker with a memory limit."""
    service, address = valkey.start(tmp_path / "valkey", tmp_path / "valkey.log", keep_open=())
    settings.CELERY_BROKER_URL = address
    with redis.Redis.from_url(address) as client:
        client.config_set("maxmemory", "10mb")
        yield client
    processes.stop_all([service], grace=5)


@pytest.mark.parametrize(("policy", "found"), [("noeviction", []), ("allkeys-lru", ["core.E002"])])
def test_a_redis_that_drops_keys_is_an_error(
    full_redis: redis.Redis, policy: str, found: list[str]
) -> None:
    full_redis.config_set("maxmemory-policy", policy)

    assert [each.id for each in checks.eviction(["default"])] == found


def test_an_unreachable_redis_is_not_reported(settings: Settings) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1"

    assert checks.eviction(["default"]) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("minutes", "found"), [(0, None), (4, None), (10, "ahead of"), (-10, "behind")]
)
def test_a_clock_that_differs_from_postgresql_s_is_an_error(
    minutes: int, found: str | None
) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
        messages = checks.clocks(["default"])

    assert len(messages) == bool(found)
    assert all(str(found) in message.msg for message in messages)


def test_checks_send_no_query_if_no_database_is_named() -> None:
    assert checks.clocks(None) == checks.eviction(None) == checks.leftover_tables(None) == []


@pytest.mark.django_db
def test_the_tables_of_installed_apps_are_no_leftovers() -> None:
    assert checks.leftover_tables(["default"]) == []


@pytest.mark.django_db
def test_a_table_of_a_deleted_feature_is_reported() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE gone_cover (file_id bigint REFERENCES storage_storedfile)")

    (message,) = checks.leftover_tables(["default"])

    assert message.id == "core.W001"
    assert "gone_cover belongs to no installed app and refers to storage_storedfile" in message.msg


@pytest.mark.slow
def test_a_command_without_redis_does_not_load_it(settings: Settings) -> None:
    code = "import sys, django; django.setup(); sys.exit('redis' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], cwd=settings.BASE_DIR, check=False)  # noqa: S603  our own code

    assert done.returncode == 0
