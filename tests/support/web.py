"""The web server as a local archive runs it, on the database of the tests."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path

from django.db import connection

from embedded import application

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class WebServer:
    """Two processes of gunicorn on a port of the loopback."""

    port: int
    pid: int

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def workers(self) -> list[int]:
        """The ids of the processes that answer requests."""
        text = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [*map(int, text.split())]

    def kill_a_worker(self) -> None:
        """Kill one of them. Gunicorn starts another."""
        os.kill(self.workers()[0], signal.SIGKILL)


@contextmanager
def web_server(**environment: str) -> Iterator[WebServer]:
    """Start the server, and stop it in the end. The test must be transactional.

    Its throttles refuse nothing: they would count all tests, whose address is the same.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        process = subprocess.Popen(  # noqa: S603  our own command
            application.web(listener.fileno()),
            cwd=ROOT,
            pass_fds=[listener.fileno()],
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "tests.support.unthrottled",
                "DATABASE_URL": _database(),
                **environment,
            },
        )
        server = WebServer(listener.getsockname()[1], process.pid)
        try:
            _wait_for(server)
            yield server
        finally:
            process.terminate()
            process.wait(20)


def _database() -> str:
    facts = connection.get_connection_params()
    names = ("dbname", "user", "password", "host", "port")
    return " ".join(f"{name}={facts[name]}" for name in names if facts.get(name))


def _wait_for(server: WebServer) -> None:
    ends_at = time.monotonic() + 60
    while time.monotonic() < ends_at:
        with closing(HTTPConnection("127.0.0.1", server.port, timeout=30)) as asking:
            try:
                asking.request("GET", "/instagram/statistic/")
                if asking.getresponse().status < HTTPStatus.INTERNAL_SERVER_ERROR:
                    return
            except OSError:
                time.sleep(0.1)
    raise TimeoutError("the web server did not answer within a minute")
