"""A dump restored into another server, as in docs/operations.md: the change feed continues."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from embedded import postgres
from embedded.tests.conftest import Runner

# The old server has used more transaction ids than the new one will for a while.
DUMP = """
import os, subprocess, sys, django
django.setup()
from django.core.management import call_command
from django.db import connection
from django.test import Client
from tests.support.waiting import wait_until
from instagram.models import ChangeEvent

call_command("migrate", verbosity=0)
with connection.cursor() as cursor:
    cursor.execute(
        "DO 'BEGIN FOR i IN 1..20000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END'"
    )
for name in "abc":
    ChangeEvent.objects.create(kind="post", object_id=name, event="changed")
wait_until(lambda: ChangeEvent.objects.settled().count() == 3)
page = Client(SERVER_NAME="localhost").get("/instagram/changes/?page_size=2").json()
subprocess.run(
    [sys.argv[1], "--format=custom", "--file", sys.argv[2], os.environ["DATABASE_URL"]], check=True
)
print(page["cursor"])
"""
RESTORE = """
import os, subprocess, sys, django
subprocess.run([sys.argv[1], "--dbname", os.environ["DATABASE_URL"], sys.argv[2]], check=True)
django.setup()
from django.core.management import call_command
from django.test import Client
from tests.support.waiting import wait_until
from instagram.models import ChangeEvent

call_command("migrate", verbosity=0)
for name in "de":
    ChangeEvent.objects.create(kind="post", object_id=name, event="changed")
wait_until(lambda: ChangeEvent.objects.settled().count() == 5)
for since in ("", f"?since={sys.argv[3]}"):
    body = Client(SERVER_NAME="localhost").get(f"/instagram/changes/{since}").json()
    print("".join(each["object_id"] for each in body["results"]))
"""


@pytest.mark.slow
def test_after_a_restore_into_another_server_readers_miss_nothing(tmp_path: Path) -> None:
    variables = {"DJANGO_SETTINGS_MODULE": "config.settings.test"}
    binaries, dump = postgres.find_binaries(), str(tmp_path / "archive.dump")
    first = Runner(tmp_path / "first", variables)
    second = Runner(tmp_path / "second", variables)

    dumped = python(first, DUMP, str(binaries / "pg_dump"), dump)
    restored = python(second, RESTORE, str(binaries / "pg_restore"), dump, *dumped)

    assert restored == ["abcde", "cde"]


def python(runner: Runner, code: str, *arguments: str) -> list[str]:
    done = runner.run("run", sys.executable, "-c", code, *arguments)
    assert done.returncode == 0, done.stdout
    return done.stdout.splitlines()
