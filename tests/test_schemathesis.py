"""Schemathesis against the web server: every operation, alone and in chains of calls."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from authentication import keys
from core.scopes import Role, Scope
from core.users.models import Account
from tests.support import outside
from tests.support.factories import (
    ChangeFactory,
    HighlightItemFactory,
    PostFactory,
    StoryFactory,
    StreamFactory,
)
from tests.support.sources import ROOT
from tests.support.web import web_server

CONFIG = ROOT / "tests/support/schemathesis.toml"
DOCUMENT = ROOT / "tests/snapshots/openapi.json"
PASSWORD = "in no example of the document"  # one of them changes a password

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def made(address: str) -> Account:
    """An account that may do everything."""
    account = Account.objects.create(email=address, password=make_password(PASSWORD))
    account.groups.add(Group.objects.get(name=Role.ADMIN))
    return account


@pytest.fixture
def secrets() -> dict[str, str]:
    """What the configuration refers to. The key is not one that the account could revoke."""
    program = made("program@example.org")
    key = keys.make(program, name="program", scopes=[*Scope], expires_at=None)
    return {"EMAIL": made("reader@example.org").email, "PASSWORD": PASSWORD, "KEY": key.text}


@pytest.fixture
def rows() -> None:
    """Something to find in each list."""
    StoryFactory.create(user=PostFactory.create().user)
    HighlightItemFactory.create()
    StreamFactory.create()
    ChangeFactory.create()


def explored(origin: str, folder: Path, secrets: dict[str, str]) -> tuple[dict[str, Any], str]:
    """The report of schemathesis, and what it printed."""
    report = folder / "report.json"
    answer = subprocess.run(  # noqa: S603  a program of ours
        [
            *(Path(sys.executable).parent / "st", "--config-file", CONFIG, "run", DOCUMENT),
            *("--url", origin, "--no-color", "--report-json-path", report),
        ],
        cwd=folder,
        env={**os.environ, **secrets, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert report.exists(), answer.stdout + answer.stderr
    found: dict[str, Any] = json.loads(report.read_text())
    return found, answer.stdout


def test_every_operation_keeps_the_document_alone_and_in_chains(
    rows: None, secrets: dict[str, str], tmp_path: Path
) -> None:
    outside.require_package("schemathesis")
    with web_server() as server:
        report, printed = explored(server.origin, tmp_path, secrets)

    sys.stdout.write(printed)
    assert report["failures"] == report["errors"] == [], printed
    assert report["operations"]["tested"] == report["operations"]["total"] > 50
    assert {name: phase["status"] for name, phase in report["phases"].items()} == {
        "examples": "success",
        "coverage": "success",
        "fuzzing": "success",
        "stateful": "success",
    }
    assert not re.search(r"API Links: +0 covered", printed)
