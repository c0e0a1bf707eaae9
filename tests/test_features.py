"""Without a feature the archive still starts, migrates and archives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.test import Client
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from lab.simulator.process import SimulatorProcess
from tests.support.sources import ROOT

NAME = "plain.case"
FEATURES = sorted(f"features.{path.parent.name}" for path in ROOT.glob("features/*/apps.py"))
TOY = "tests.support.toy_feature"


@pytest.fixture
def empty_database(worker_id: str) -> Iterator[str]:
    """The connection string of an empty database."""
    name = f"lone_archive_{worker_id}"
    server = make_conninfo(os.environ["DATABASE_URL"])
    with psycopg.connect(server, autocommit=True) as connection:
        drop = SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name))
        connection.execute(drop)
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        yield make_conninfo(server, dbname=name)
        connection.execute(drop)


@pytest.fixture
def environment(
    empty_database: str, simulator_process: SimulatorProcess, tmp_path: Path
) -> dict[str, str]:
    """The environment of an archive with its own database and files."""
    return {
        **os.environ,
        "DATABASE_URL": empty_database,
        "INSTARCHIVER_DATA": str(tmp_path),
        "CORE_API_URL": simulator_process.core_api_url,
        "CORE_API_TOKEN": simulator_process.token,
        "MEDIA_TRUSTED_HOSTS": simulator_process.cdn_host,
    }


def archived(environment: dict[str, str]) -> dict[str, Any]:
    """Archive one profile in a process of its own, and return what `lone_archive` prints."""
    command = [sys.executable, "-m", "tests.support.lone_archive", NAME]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)  # noqa: S603  ours
    assert done.returncode == 0, done.stderr.decode()
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_every_feature_is_installed() -> None:
    assert [app for app in settings.INSTALLED_APPS if app.startswith("features.")] == FEATURES


def test_a_feature_brings_its_own_addresses(client: Client, db: None) -> None:
    assert client.get("/toy/notes/").json() == {"notes": 0}


@pytest.mark.slow
@pytest.mark.parametrize("feature", [*FEATURES, TOY])
def test_without_a_feature_the_archive_starts_migrates_and_archives(
    feature: str, environment: dict[str, str], simulator_process: SimulatorProcess
) -> None:
    assert feature in settings.INSTALLED_APPS
    settings_of_child = {"DJANGO_SETTINGS_MODULE": "tests.support.without", "WITHOUT_APP": feature}

    result = archived({**environment, **settings_of_child})

    facts = simulator_process.control.truth()[NAME]
    files = len({file["sha256"] for file in simulator_process.control.files()[NAME]})
    assert result == {"state": "succeeded", "posts": len(facts["posts"]), "files": files}
