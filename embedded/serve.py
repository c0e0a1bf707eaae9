"""`./dev serve`: your own archive on this machine. `./dev manage`: Django's commands for it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from embedded import application, ports, supervisor
from embedded.errors import CannotRun
from embedded.folder import Folder
from embedded.supervisor import Supervisor
from embedded.terminal import say

PATIENCE = 30


def serve(folder: Folder) -> int:
    """Serve until Ctrl-C. What ends by itself is started again, up to five times a minute."""
    with ports.web_listener(os.environ.get("PORT", "")) as listener, exclusive(folder) as owner:
        say(f"Starting with the data in {folder.path}")
        application.start(owner, listener)
        say(application.manage(owner, "check_core_api"))
        application.wait_for_web(owner, ports.port_of(listener))
        say(addresses(ports.port_of(listener)))
        return serve_until_stopped(owner)


@contextmanager
def exclusive(folder: Folder) -> Iterator[Supervisor]:
    """Own a data folder. CannotRun when another command owns it and is not about to end."""
    deadline = time.monotonic() + PATIENCE
    while True:
        with supervisor.owned(folder) as owner:
            if owner is not None:
                yield owner
                return
        time.sleep(1)  # a supervisor that is stopping withdraws its addresses first
        if folder.published().environment or time.monotonic() > deadline:
            raise CannotRun(
                f"Another command is using {folder.path}: stop it, or set INSTARCHIVER_DATA"
            )


def serve_until_stopped(owner: Supervisor) -> int:
    """Go on until Ctrl-C, which is how it is meant to end: status 0."""
    say("Serving until Ctrl-C.")
    with suppress(KeyboardInterrupt):
        owner.watch()
    return 0


def addresses(port: int) -> str:
    """Where to go with a browser."""
    site = f"http://{ports.LOOPBACK}:{port}"
    return f"  API    {site}/api/docs/\n  Admin  {site}/admin/"


def manage(folder: Folder, words: Sequence[str]) -> int:
    """Run one of Django's commands. `archive --wait` has workers also where nobody serves."""
    waits_for_runs = words[:1] == ["archive"] and "--wait" in words
    programs = workers if waits_for_runs else tables
    return supervisor.run(folder, [sys.executable, "manage.py", *words], programs=programs)


def tables(owner: Supervisor) -> None:
    """In a new database every command would fail; later, migrating is the developer's business."""
    if owner.has_new_database:
        application.migrate(owner)


def workers(owner: Supervisor) -> None:
    """What a command needs that waits for archive runs."""
    application.require_broker(owner.environment["REDIS_URL"])
    application.migrate(owner)
    application.start_workers(owner)
