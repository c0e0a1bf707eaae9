"""`./dev serve`: your own archive on this machine. `./dev manage`: Django commands for it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from embedded import application, ports, postgres, supervisor, template
from embedded.errors import CannotRun
from embedded.folder import Folder
from embedded.supervisor import Supervisor
from embedded.terminal import say

PATIENCE = 30


def serve(folder: Folder) -> int:
    """Serve until Ctrl-C. Programs that exit are restarted, up to five times a minute."""
    with ports.web_listener(os.environ.get("PORT", "")) as listener, exclusive(folder) as owner:
        say(f"Starting with the data in {folder.path}")
        application.start(owner, listener)
        say(application.manage(owner, "check_core_api"))
        application.wait_for_web(owner, ports.port_of(listener))
        say(addresses(ports.port_of(listener)))
        return serve_until_stopped(owner)


@contextmanager
def exclusive(folder: Folder) -> Iterator[Supervisor]:
    """Own a data folder. Raises CannotRun if another command owns it and does not stop."""
    deadline = time.monotonic() + PATIENCE
    while True:
        with supervisor.owned(folder, lay_out=template.lay_out) as owner:
            if owner is not None:
                yield owner
                return
        time.sleep(1)  # a supervisor that stops removes its record first
        if folder.published().environment or time.monotonic() > deadline:
            raise CannotRun(
                f"Another command is using {folder.path}: stop it, or set INSTARCHIVER_DATA"
            )


def serve_until_stopped(owner: Supervisor) -> int:
    """Run until Ctrl-C, which is the normal end: status 0."""
    say("Serving until Ctrl-C.")
    with suppress(KeyboardInterrupt):
        owner.watch()
    return 0


def addresses(port: int) -> str:
    """The URLs to open in a browser."""
    site = f"http://{ports.LOOPBACK}:{port}"
    return f"  API    {site}/api/docs/\n  Admin  {site}/admin/"


def manage(folder: Folder, words: Sequence[str]) -> int:
    """Run a Django command. `archive --wait` starts workers if `./dev serve` is not running."""
    if words[:1] == ["dbshell"]:
        # Last, so that a psql that is installed comes first.
        os.environ["PATH"] += f"{os.pathsep}{postgres.find_binaries()}"
    waits_for_runs = words[:1] == ["archive"] and "--wait" in words
    return supervisor.run(
        folder,
        [sys.executable, "manage.py", *words],
        programs=workers if waits_for_runs else supervisor.no_programs,
        lay_out=template.lay_out,
    )


def workers(owner: Supervisor) -> None:
    """Start the workers for a command that waits for archive runs."""
    application.require_broker(owner.environment["REDIS_URL"])
    application.load(owner)
    application.migrate(owner)
    application.start_workers(owner)
