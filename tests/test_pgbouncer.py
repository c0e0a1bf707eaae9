"""Archiving through PgBouncer, which may give each transaction another session."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from psycopg import sql
from psycopg.conninfo import make_conninfo

from embedded import postgres, processes, unprivileged
from embedded.processes import Program, eventually
from tests.support import outside
from tests.support.sources import ROOT

SETTINGS = """
[databases]
* = host={server} user=postgres
[pgbouncer]
unix_socket_dir = {folder}
listen_port = {port}
auth_type = any
pool_mode = transaction
default_pool_size = 3
server_idle_timeout = 1
"""
PORT = 6432


@pytest.fixture
def pooler(tmp_path: Path) -> Iterator[str]:
    """A PgBouncer in front of the tests' server; the folder of its socket."""
    pgbouncer = outside.require_program("pgbouncer", package="pgbouncer")
    with tempfile.TemporaryDirectory(
        prefix="pooler-", dir="/tmp"
    ) as name:  # a socket's path may have 107 bytes
        folder = Path(name)
        settings = folder / "pgbouncer.ini"
        server = connection.settings_dict["HOST"]
        settings.write_text(SETTINGS.format(server=server, folder=folder, port=PORT))
        way = unprivileged.choose(postgres.find_binaries(), folder / "data")
        way.own(folder)
        program = Program("pgbouncer", [*way.prefix, pgbouncer, str(settings)], user=way.user)
        service = processes.start(program, log=tmp_path / "pooler.log", environment=os.environ)
        socket = folder / f".s.PGSQL.{PORT}"
        assert eventually(socket.exists, seconds=10), service.ending()
        yield name
        processes.stop_all([service], grace=5)


@pytest.fixture
def database(pooler: str) -> Iterator[str]:
    """The address of an empty database behind the pooler."""
    name = f"pooled_{uuid.uuid4().hex[:12]}"
    server = make_conninfo(
        host=connection.settings_dict["HOST"], user="postgres", dbname="postgres"
    )
    with psycopg.connect(server, autocommit=True) as own:
        own.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield f"postgresql://postgres@/{name}?host={pooler}&port={PORT}"
    with psycopg.connect(server, autocommit=True) as own:
        own.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.mark.slow
def test_profiles_are_archived_through_a_pooler(database: str, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": database,
        "DATABASE_PREPARED_STATEMENTS": "false",  # as docs/operations.md says for this mode
        "INSTARCHIVER_DATA": str(tmp_path),
    }
    # Without the address of a Redis the demo starts its own.
    environment.pop("REDIS_URL", None)

    done = subprocess.run(
        [sys.executable, "-m", "embedded", "demo", "--exit"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    with psycopg.connect(database) as pooled:
        states = pooled.execute("SELECT DISTINCT state FROM instagram_archiverun").fetchall()
    assert states == [("succeeded",)]
