"""The programs of a local Instarchiver."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
from contextlib import closing

import pytest
from django.conf import settings

from embedded import application, ports

pytestmark = pytest.mark.slow


def test_urgent_and_long_tasks_have_different_workers() -> None:
    queues = {name: set(taken.split(",")) for name, (_, taken) in application.WORKERS.items()}

    assert queues == {
        "worker": {"stories", "default"},
        "archiver": {"archive", "downloads"},
        "curator": {"files"},
    }


FORGED = {
    "X-Forwarded-For": "192.0.2.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Protocol": "ssl",
    "X-Forwarded-Ssl": "on",
    "X_Forwarded_Proto": "https",
    "SCRIPT_NAME": "/evil",
}


@pytest.mark.parametrize(
    ("proxies", "expected"),
    [
        ("", ["http", "127.0.0.1"]),
        ("192.0.2.0/24", ["http", "127.0.0.1"]),
        ("127.0.0.0/8", ["https", "192.0.2.9"]),
    ],
)
def test_forwarding_headers_are_trusted_only_from_a_configured_proxy(
    proxies: str, expected: list[str]
) -> None:
    with ports.listen(0) as listener:
        number, port = listener.fileno(), ports.port_of(listener)
        server = subprocess.Popen(  # noqa: S603  our own command line
            application.web(number, "tests.support.seen"),
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "config.settings.local",
                "TRUSTED_PROXIES": proxies,
                "FORWARDED_ALLOW_IPS": "*",
            },
            pass_fds=(number,),
        )
        try:
            connection = http.client.HTTPConnection(ports.LOOPBACK, port, timeout=60)
            with closing(connection):
                connection.request("GET", "/", headers=FORGED)
                scheme, host, address = json.load(connection.getresponse())
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=30)

    assert [scheme, address] == expected
    assert host == f"127.0.0.1:{port}"


def test_every_queue_has_a_worker() -> None:
    read = {queue for _, queues in application.WORKERS.values() for queue in queues.split(",")}

    assert read == set(settings.QUEUES)
