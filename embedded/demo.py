"""`./dev demo`: archives three simulated profiles with live progress."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded import application, ports, processes
from embedded.errors import ServiceFailed
from embedded.folder import Folder
from embedded.processes import Program
from embedded.serve import addresses, exclusive, serve_until_stopped
from embedded.supervisor import Supervisor
from embedded.terminal import say

NAMES = ("aurora.kitchen", "tidewater_maps", "kestrel.press")
SEED = "1"
TOKEN = "simulator-token"  # noqa: S105  the simulator is public
CORE_API = ("CORE_API_URL", "CORE_API_TOKEN", "MEDIA_TRUSTED_HOSTS")


def own_folder() -> Folder:
    """The demo's data folder, separate from your own unless you name one."""
    return Folder(Path(os.environ.get("INSTARCHIVER_DATA") or ".local/demo"))


def show() -> int:
    """Archive, print the result and the URLs, and serve until Ctrl-C."""
    with running() as (owner, port):
        archive(owner)
        describe(owner, port)
        return serve_until_stopped(owner)


def show_and_exit() -> int:
    """Archive and print the result. The exit status says whether everything was stored."""
    with running() as (owner, _):
        status = archive(owner)
        say(f"\n  Files  {owner.folder.path / 'media'}\n  To look at all of it: ./dev demo")
        return status


@contextmanager
def running() -> Iterator[tuple[Supervisor, int]]:
    """Run the application and the simulator; yields the web port."""
    with (
        ports.web_listener(os.environ.get("PORT", "")) as listener,
        exclusive(own_folder()) as owner,
    ):
        say(f"Starting with the data in {owner.folder.path}")
        port = ports.port_of(listener)
        servers = start_simulator(owner, port)
        # Stop at once, because the demo is often interrupted and PostgreSQL knows the remaining
        # work.
        application.start(owner, listener, stop_worker=signal.SIGKILL)
        wait_for_simulator(owner, *servers)
        yield owner, port


def start_simulator(owner: Supervisor, web_port: int) -> tuple[int, int]:
    """Start the simulator's Core API and CDN, on the same ports every time."""
    api = ports.free_from(20_000 + web_port % 5_000 * 2)  # no other demo has this web port
    cdn = ports.free_from(api + 1)
    options = ("--port", str(api), "--cdn-port", str(cdn), "--seed", SEED, "--world", "demo")
    command = application.python("lab.simulator", "serve", *options)
    owner.environment |= {
        "CORE_API_URL": f"http://{ports.LOOPBACK}:{api}",
        "CORE_API_TOKEN": TOKEN,
        "MEDIA_TRUSTED_HOSTS": f"{ports.LOOPBACK}:{cdn}",
    }
    owner.start(Program("simulator", command, keep_open=owner.keep_open))
    owner.shared += CORE_API
    return api, cdn


def wait_for_simulator(owner: Supervisor, *servers: int) -> None:
    """Wait until both servers of the simulator listen."""
    if not processes.eventually(
        lambda: all(map(ports.is_open, servers)), seconds=60, meanwhile=owner.tend
    ):
        raise ServiceFailed(f"The simulator does not answer; see {owner.folder.log('simulator')}")


def archive(owner: Supervisor) -> int:
    return owner.attend([sys.executable, "manage.py", "archive", *NAMES, "--wait"])


def describe(owner: Supervisor, port: int) -> None:
    """Wait for the web server, then print the URLs and the login."""
    application.wait_for_web(owner, port)
    email, password = application.manage(owner, "demo_account").split()[-2:]
    say(f"\n{addresses(port)}\n  Login  {email}  password {password}")
    for name in NAMES:
        say(f"  {name:<16} http://{ports.LOOPBACK}:{port}/instagram/users/?search={name}")
    say(f"  Files  {owner.folder.path / 'media'}")
    say(f"  Shell  INSTARCHIVER_DATA={owner.folder.path} ./dev manage shell")
