"""The database of the tests: a copy of a template, which has every table and was migrated once.

The template stays on the server for later runs. It is made again when `tables.key` changes, by the
first process that needs it, while others wait.
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

from tests.support import tables

Server = psycopg.Connection[Any]

TEMPLATE_PREFIX = "instarchiver_template_"
TEST_PREFIX = "instarchiver_test_"
MAX_TEMPLATES = 3  # for branches that are worked on in turn
MAKING = 20_260_301  # any number: the advisory lock of who makes a template
# Rows that migrations make, and which the archive cannot do without.
KEPT = frozenset({"django_content_type", "auth_permission", "instagram_feedclock"})


@contextmanager
def own_database() -> Iterator[None]:
    """Point Django at a new database, which only this process uses, and drop it at the end."""
    name = f"{TEST_PREFIX}{uuid.uuid4().hex[:12]}"
    with administration() as server:
        drop_abandoned(server)
        template = ensure_template(server)
        # Held for as long as this process lives: it says that the database is in use.
        server.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
        run(server, "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, template)
        with connected_to(name):
            yield
        run(server, "DROP DATABASE {} WITH (FORCE)", name)


@contextmanager
def administration() -> Iterator[Server]:
    """A connection to the server's own database, on which databases can be made."""
    facts = {**connection.get_connection_params(), "dbname": "postgres"}
    with psycopg.connect(**facts, autocommit=True) as server:
        yield server


def run(server: Server, statement: LiteralString, *names: str) -> None:
    """Execute a statement that names databases."""
    server.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def connected_to(name: str) -> Iterator[None]:
    """Let every connection, also that of the API's log, and of threads, use this database."""
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
    """The name of the template for today's migrations, made if it is missing."""
    name = f"{TEMPLATE_PREFIX}{tables.key()}"
    server.execute("SELECT pg_advisory_lock(%s)", [MAKING])
    try:
        if name not in databases(server, TEMPLATE_PREFIX):
            make_template(server, name)
    finally:
        server.execute("SELECT pg_advisory_unlock(%s)", [MAKING])
    return name


def make_template(server: Server, name: str) -> None:
    """Migrate an empty database, which gets its name last: a killed run leaves no half of one."""
    unfinished = f"{name}_new"
    run(server, "DROP DATABASE IF EXISTS {} WITH (FORCE)", unfinished)
    run(server, "CREATE DATABASE {}", unfinished)
    with connected_to(unfinished):
        call_command("migrate", verbosity=0, interactive=False)
        empty()  # the first test finds what every later one finds
    run(server, "ALTER DATABASE {} RENAME TO {}", unfinished, name)
    for old in databases(server, TEMPLATE_PREFIX)[:-MAX_TEMPLATES]:
        with suppress(psycopg.errors.ObjectInUse):  # another run copies it just now
            run(server, "DROP DATABASE IF EXISTS {}", old)


def databases(server: Server, prefix: str) -> list[str]:
    """The names that begin so, the oldest first."""
    query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s) ORDER BY oid"
    return [name for (name,) in server.execute(query, [prefix])]


def drop_abandoned(server: Server) -> None:
    """Drop the databases of test runs that were killed: nobody holds their locks."""
    for name in databases(server, TEST_PREFIX):
        found = server.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [name]).fetchone()
        if found == (True,):
            run(server, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
            server.execute("SELECT pg_advisory_unlock(hashtext(%s))", [name])


def empty() -> None:
    """Delete every row but those of KEPT: of fifty small tables, TRUNCATE takes far longer.

    In one go, so that the commit checks foreign keys when all rows are gone.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(deletion())


@cache
def deletion() -> str:
    """The statements that empty all tables which Django knows."""
    names = set(connection.introspection.django_table_names(only_existing=True)) - KEPT
    quoted = (connection.ops.quote_name(name) for name in sorted(names))
    return "; ".join(f"DELETE FROM {name}" for name in quoted)  # noqa: S608  names of our tables
