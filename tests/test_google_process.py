"""Sign-in with Google in the processes of the web server, which know the stand-in by TLS only."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from settings.models import AccessSetting, FirebaseAdminSetting, Registration
from tests.support.google import GoogleStandIn, service_account
from tests.support.web import WebServer, web_server

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def google(tmp_path: Path) -> Iterator[GoogleStandIn]:
    """The hosts, with a user for each outcome."""
    FirebaseAdminSetting.objects.create(service_account=service_account())
    AccessSetting.objects.create(registration=Registration.OPEN)
    with GoogleStandIn(tmp_path) as stand_in:
        stand_in.add_user("ana")
        stand_in.add_user("disabled", disabled=True)
        stand_in.add_user("revoked", validSince=str(int(time.time()) + 60))
        yield stand_in


@pytest.fixture
def server(google: GoogleStandIn) -> Iterator[WebServer]:
    with web_server(**google.environment()) as running:
        yield running


def status(server: WebServer, token: str) -> int:
    asking = HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {"Content-Type": "application/json"}
    body = json.dumps({"token": token})
    asking.request("POST", "/authentication/login-with-google/", body, headers)
    found = asking.getresponse().status
    asking.close()
    return found


def test_the_ten_outcomes_hold_in_every_process(google: GoogleStandIn, server: WebServer) -> None:
    outcomes = {
        "good": status(server, google.token("ana")),
        "expired": status(server, google.token("ana", exp=int(time.time()) - 3600)),
        "wrong audience": status(server, google.token("ana", aud="another-project")),
        "wrong project": status(server, google.token("ana", project="another-project")),
        "revoked": status(server, google.token("revoked")),
        "disabled": status(server, google.token("disabled")),
        "deleted": status(server, google.token("deleted")),
        "unverified e-mail": status(server, google.token("ana", email_verified=False)),
        "unknown key": status(server, google.token("ana", key_id="unknown")),
    }

    assert outcomes == {"good": 200, **dict.fromkeys([*outcomes][1:], 401)}

    # Each of the two processes has used the former service account by now.
    assert {status(server, google.token("ana")) for _ in range(6)} == {200}
    setting = FirebaseAdminSetting.objects.get()
    setting.service_account = service_account("another-project")
    setting.save()

    assert {status(server, google.token("ana")) for _ in range(6)} == {401}
