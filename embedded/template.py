"""A migrated PostgreSQL data folder in the environment, which new data folders are copied from.

Migrating an empty database takes longer than everything else that a first start does.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded import postgres, tables
from embedded.errors import ServiceFailed
from embedded.folder import Folder


def home() -> Path:
    return Path(sys.prefix) / "templates"


def lay_out(folder: Folder) -> None:
    """Give a folder without a database the migrated one. It may still lack the latest schedules."""
    data = folder.path / "postgres"
    if os.environ.get("DATABASE_URL") or postgres.exists(data):
        return
    with _locked():
        template = home() / tables.key()
        if not postgres.exists(template):
            _make(template)
        postgres.copy(template, data)


@contextmanager
def _locked() -> Iterator[None]:
    """Only one process makes a template."""
    home().mkdir(exist_ok=True)
    with (home() / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(template: Path) -> None:
    """Migrate an empty database, and stop its server. Templates of other tables are removed."""
    for path in home().iterdir():
        if path.is_dir():
            postgres.remove(path)
    unfinished = template.with_name(f"{template.name}.new")
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as sockets:
        log = home() / "postgres.log"
        service = postgres.start(
            unfinished, Path(sockets), log, keep_open=(), settings=postgres.THROW_AWAY
        )
        try:
            _migrate(postgres.url(Path(sockets)))
        finally:
            postgres.stop(service)
    postgres.rename(unfinished, template)


def _migrate(url: str) -> None:
    with tempfile.TemporaryDirectory(prefix="instarchiver-") as data:
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings.local",
            "DATABASE_URL": url,
            "INSTARCHIVER_DATA": data,
        }
        done = subprocess.run(
            [sys.executable, "manage.py", "migrate", "--no-input"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise ServiceFailed(f"manage.py migrate failed:\n{done.stdout}{done.stderr}")
