"""A dump restored into another server, as in docs/operations.md: the change feed continues."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection
from psycopg.conninfo import make_conninfo
from rest_framework.test import APIClient

from embedded import postgres
from embedded.tests.conftest import Runner
from instagram.models import ChangeEvent
from tests.support.waiting import wait_until

# The old server has used more transaction ids than the new one will for a while.
AGE = "DO 'BEGIN FOR i IN 1..20000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END'"

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
@pytest.mark.django_db(transaction=True)
def test_after_a_restore_into_another_server_readers_miss_nothing(
    writer: Runner, api: APIClient, tmp_path: Path
) -> None:
    dump = str(tmp_path / "archive.dump")
    with connection.cursor() as cursor:
        cursor.execute(AGE)
    for name in "abc":
        ChangeEvent.objects.create(kind="post", object_id=name, event="changed")
    wait_until(lambda: ChangeEvent.objects.settled().count() == 3)
    page = api.get("/instagram/changes/?page_size=2").json()
    binaries = postgres.find_binaries()
    options = ["--format=custom", "--file", dump, address_of_tests()]
    subprocess.run([binaries / "pg_dump", *options], check=True)  # noqa: S603  our own words

    writer.variables["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
    restore = str(binaries / "pg_restore")
    done = writer.run("run", sys.executable, "-c", RESTORE, restore, dump, page["cursor"])

    assert done.stdout.splitlines() == ["abcde", "cde"]


def address_of_tests() -> str:
    facts = connection.get_connection_params()
    names = {"dbname", "user", "password", "host", "port"}
    return make_conninfo(**{name: facts[name] for name in names & facts.keys()})
