"""The security log."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
import time_machine
from django.test import Client
from rest_framework.test import APIClient

from authentication import bans
from core import security_log
from core.logging import configuration
from core.users.models import Account

log = structlog.get_logger("security")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "logs"


@pytest.fixture
def handler(folder: Path) -> Iterator[security_log.DailyFile]:
    """The handler of the settings, writing into a folder of the test."""
    made = security_log.DailyFile(folder)
    lines = configuration(json=True, security_folder=None)["formatters"]["lines"]
    made.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processor=lines["processor"], foreign_pre_chain=lines["foreign_pre_chain"]
        )
    )
    for name in ("security", "django.security"):
        logging.getLogger(name).addHandler(made)
    yield made
    for name in ("security", "django.security"):
        logging.getLogger(name).removeHandler(made)
    made.close()


def lines(folder: Path) -> list[dict[str, object]]:
    return [
        json.loads(line)
        for path in sorted(folder.glob("security-*.log"))
        for line in path.read_text().splitlines()
    ]


@pytest.mark.usefixtures("handler")
def test_a_line_names_the_request_the_address_and_the_account(
    folder: Path, api: APIClient, account: Account
) -> None:
    wrong = {"email": account.email, "password": "wrong"}

    api.post("/authentication/login/", wrong, headers={"X-Request-ID": "request-0001"})

    [line] = [each for each in lines(folder) if each["event"] == "password.refused"]
    assert (line["request_id"], line["address"]) == ("request-0001", "127.0.0.1")
    assert account.email not in json.dumps(line), "people type passwords into the wrong field"


@pytest.mark.usefixtures("handler")
def test_what_is_no_request_has_no_address(folder: Path, account: Account) -> None:
    bans.ban(account, reason="test", ends_at=None, by=None)

    events = {str(line["event"]): line for line in lines(folder)}
    assert "address" not in events["account.banned"]


@pytest.mark.usefixtures("handler", "db", "own_cache")
def test_forged_forms_stand_in_it_too(folder: Path) -> None:
    Client(enforce_csrf_checks=True).post("/account/sign-in/", {"email": "a@b.example"})

    assert any("Forbidden" in str(line["event"]) for line in lines(folder))


@pytest.mark.usefixtures("handler")
def test_each_day_has_a_file_and_90_days_are_kept(folder: Path) -> None:
    for day in range(100):
        with time_machine.travel(datetime(2026, 1, 1, tzinfo=UTC).timestamp() + day * 86400):
            log.info("key.made", key=day)

    assert [line["key"] for line in lines(folder)] == [*range(10, 100)]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


@pytest.mark.usefixtures("handler")
def test_a_folder_that_cannot_be_written_stops_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.write_text("a file is in the way")

    log.info("key.made", key=1)

    assert "Logging error" in capsys.readouterr().err


def test_other_lines_carry_no_address(api: APIClient, caplog: pytest.LogCaptureFixture) -> None:
    api.get("/instagram/users/any id/")

    assert all("address" not in record.getMessage() for record in caplog.records)
