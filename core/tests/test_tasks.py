"""Messages to workers."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support.sources import ROOT

SEND = """
import time
from config.wsgi import application
from core.tasks import send
began = time.monotonic()
send("instagram.dispatch")
print(time.monotonic() - began)
"""


@pytest.fixture(params=["away", "frozen"])
def broker(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a Redis that does not exist, or that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        if request.param == "away":
            listener.close()
            yield "redis://127.0.0.1:1"
        else:
            yield f"redis://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.slow
def test_a_request_waits_seconds_at_most_for_a_broker(broker: str) -> None:
    web = subprocess.run(  # noqa: S603  our own code
        [sys.executable, "-c", SEND],
        cwd=ROOT,
        env={**os.environ, "REDIS_URL": broker, "DJANGO_SETTINGS_MODULE": "config.settings.local"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert float(web.stdout.split()[-1]) < 4
    assert "task.not_sent" in web.stderr
