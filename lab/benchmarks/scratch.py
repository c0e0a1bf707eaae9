"""Shared by the benchmarks: temporary databases, data folders and processes, and output."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import LiteralString

import django
import psycopg
from django.core.management import call_command
from psycopg import sql
from psycopg.conninfo import make_conninfo

from embedded import supervisor


@contextmanager
def instance(**variables: str) -> Iterator[dict[str, str]]:
    """Configure Django in this process with an empty database next to that of DATABASE_URL.

    Yields the environment for other processes that use it.
    """
    interruptible()
    # A database of its own, so that a benchmark never measures or deletes what is there.
    server = os.environ["DATABASE_URL"]
    name = f"bench_{uuid.uuid4().hex[:12]}"
    with database(server, name), tempfile.TemporaryDirectory(prefix="bench_") as folder:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "config.settings.local",
            "DATABASE_URL": make_conninfo(server, dbname=name),
            "INSTARCHIVER_DATA": folder,
            **variables,
        }
        django.setup()
        call_command("migrate", verbosity=0)
        yield dict(os.environ)


def interruptible() -> None:
    """Let Ctrl-C or a stop signal end this process after its clean-up, and without a traceback."""

    def show(
        kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, traceback)

    supervisor.interrupt_on_stop_signals()
    sys.excepthook = show


def want(urls: list[str]) -> None:
    """Empty the store and create an asset per URL."""
    from django.conf import settings  # noqa: PLC0415  needs a configured Django

    from storage.models import Asset, StoredFile  # noqa: PLC0415  likewise

    shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)
    Asset.objects.all().delete()
    StoredFile.objects.all().delete()
    Asset.objects.bulk_create(
        Asset(owner_kind="post", owner_id="1", role="image", source_name=str(number), url=url)
        for number, url in enumerate(urls)
    )


@contextmanager
def celery(environment: Mapping[str, str], *arguments: str) -> Iterator[int]:
    """Run a worker or the scheduler in a separate process; yields its process id."""
    command = [sys.executable, "-m", "celery", "-A", "config.celery_app", *arguments]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:  # noqa: S603  ours
        try:
            yield process.pid
        finally:
            process.terminate()


def say(line: str) -> None:
    """Print a figure as soon as it is known."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextmanager
def database(server: str, name: str) -> Iterator[None]:
    """An empty database, dropped in the end."""
    execute(server, "CREATE DATABASE {}", name)
    try:
        yield
    finally:
        # FORCE, because a terminated worker may still be connected.
        execute(server, "DROP DATABASE {} WITH (FORCE)", name)


def execute(server: str, statement: LiteralString, *names: str) -> None:
    """Execute a statement that cannot run inside of a transaction, such as CREATE DATABASE."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
