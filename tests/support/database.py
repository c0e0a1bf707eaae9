"""The database of a test process: a copy of a migrated template.

The template stays on the server for later runs. When `tables.key` changes, the first process makes
a new one while the others wait.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, LiteralString

import psycopg
from django.core.management import call_command
from django.db import connection, connections, transaction
from psycopg import sql

from embedded import tables

Server = psycopg.Connection[Any]

TEMPLATE_PREFIX = "instarchiver_template_"
TEST_PREFIX = "instarchiver_test_"
MAX_TEMPLATES = 3  # so that changing between branches needs no migration
MAKING = 20_260_301  # any number: the advisory lock of making a template
# Migrations write these rows, and the archive needs them.
KEPT = frozenset(
    {
        "django_content_type", "auth_permission", "auth_group", "auth_group_permissions",
        "instagram_feedclock",
    }
)  # fmt: skip
TALLIES = "instagram_rowtally"


@contextmanager
def own_database() -> Iterator[None]:
    """Give this process a new database, and drop it at the end."""
    name = f"{TEST_PREFIX}{uuid.uuid4().hex[:12]}"
    with administration() as server:
        drop_abandoned(server)
        template = ensure_template(server)
        # Held until this process ends: `drop_abandoned` then knows that the database is in use.
        server.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
        run(server, "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, template)
        with connected_to(name):
            yield
        run(server, "DROP DATABASE {} WITH (FORCE)", name)


@contextmanager
def administration() -> Iterator[Server]:
    """A connection that can create and drop databases."""
    facts = {**connection.get_connection_params(), "dbname": "postgres"}
    with psycopg.connect(**facts, autocommit=True) as server:
        yield server


def run(server: Server, statement: LiteralString, *names: str) -> None:
    """Execute a statement that names databases."""
    server.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def connected_to(name: str) -> Iterator[None]:
    """Point all connections at this database, including `api_log` and those of threads."""
    before = {alias: connections[alias].settings_dict["NAME"] for alias in connections}
    for alias in before:
        connections[alias].settings_dict["NAME"] = name
    try:
        yield
    finally:
        connections.close_all()
        for alias, earlier in before.items():
            connections[alias].settings_dict["NAME"] = earlier


def ensure_template(server: Server) -> str:
    """Return the template for the present migrations; make it if it is missing."""
    name = f"{TEMPLATE_PREFIX}{tables.key()}"
    server.execute("SELECT pg_advisory_lock(%s)", [MAKING])
    try:
        if name not in databases(server, TEMPLATE_PREFIX):
            make_template(server, name)
    finally:
        server.execute("SELECT pg_advisory_unlock(%s)", [MAKING])
    return name


def make_template(server: Server, name: str) -> None:
    """Migrate an empty database."""
    # It gets its name at the end, so a killed run leaves no half of a template.
    unfinished = f"{name}_new"
    run(server, "DROP DATABASE IF EXISTS {} WITH (FORCE)", unfinished)
    run(server, "CREATE DATABASE {}", unfinished)
    with connected_to(unfinished):
        call_command("migrate", verbosity=0, interactive=False)
        empty()  # so that the first test starts like every later one
    run(server, "ALTER DATABASE {} RENAME TO {}", unfinished, name)
    for old in databases(server, TEMPLATE_PREFIX)[:-MAX_TEMPLATES]:
        with suppress(psycopg.errors.ObjectInUse):  # another run is copying it
            run(server, "DROP DATABASE IF EXISTS {}", old)


def databases(server: Server, prefix: str) -> list[str]:
    """The databases with the prefix, the oldest first."""
    query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s) ORDER BY oid"
    return [name for (name,) in server.execute(query, [prefix])]


def drop_abandoned(server: Server) -> None:
    """Drop the databases of killed test runs: no process holds their locks."""
    for name in databases(server, TEST_PREFIX):
        found = server.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [name]).fetchone()
        if found == (True,):
            run(server, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
            server.execute("SELECT pg_advisory_unlock(hashtext(%s))", [name])


def empty() -> None:
    """Delete all rows except those in KEPT."""
    # TRUNCATE takes far longer for fifty small tables. In one transaction, foreign keys are checked
    # at the commit, when all rows are gone.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(deletion())


@cache
def deletion() -> str:
    """The statements that empty all tables of Django's models."""
    names = set(connection.introspection.django_table_names(only_existing=True)) - KEPT
    # The deletion of other rows is tallied.
    in_order = sorted(names, key=lambda name: (name == TALLIES, name))
    quoted = map(connection.ops.quote_name, in_order)
    return "; ".join(f"DELETE FROM {name}" for name in quoted)  # noqa: S608  names of our tables
