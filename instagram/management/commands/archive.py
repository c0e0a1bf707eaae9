"""`manage.py archive`: start archive runs and optionally wait for them."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import InterfaceError, OperationalError, connections

from core.management.examples import CommandWithExamples
from core.models import WorkerHeartbeat
from instagram import actions, adding
from instagram.archiving import progress
from instagram.archiving.report import report
from instagram.management.display import LiveProgress
from instagram.models import ArchiveRun, RunStream

POLL_SECONDS, MAX_POLL_SECONDS = 0.5, 5.0
POLL_SHARE = 1 / 20
"""Counting takes at most this share of the time. 25,000 files are counted in 0.1 seconds."""
WORKER_GRACE_SECONDS = 90
DATABASE_GRACE_SECONDS = 60
NO_DATABASE = "The database does not answer; waiting for it."
NO_WORKER = (
    "No worker gave a sign of life in the last minute. Start one with `./dev serve`; "
    "the runs are kept and go on by themselves."
)
INTERRUPTED = "No longer waiting. The runs are kept, and go on while a worker runs."


class Command(CommandWithExamples):
    """Starts one run per name. The workers do the work."""

    help = "Archive Instagram profiles: their data, posts, stories and media files."
    EXAMPLES = """
examples:
  manage.py archive natgeo
  manage.py archive @natgeo https://www.instagram.com/nasa/ --wait
  manage.py archive natgeo --only stories --wait --json

exit status: 0 everything was stored (without --wait: the runs were started),
1 something failed, 2 bad usage
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("usernames", nargs="+", metavar="USERNAME", help="name, @name or URL")
        parser.add_argument(
            "--wait", action="store_true", help="show progress until everything is stored"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object at the end")
        parser.add_argument(
            "--only",
            type=streams,
            metavar="STREAMS",
            help="only these of " + ",".join(RunStream.Name.values),
        )

    def handle(self, *_args: str, **options: Any) -> None:
        runs = self.start(options["usernames"], options["only"])
        if options["wait"]:
            self.wait(runs)
        elif not WorkerHeartbeat.anyone_alive():
            self.stderr.write(NO_WORKER)
        reports = [report(run) for run in runs]
        self.stdout.write(
            json.dumps({"profiles": [each.as_dict() for each in reports]}, indent=2)
            if options["json"]
            else "\n".join(each.as_text() for each in reports)
        )
        if options["wait"] and not all(each.is_complete for each in reports):
            sys.exit(1)

    def start(self, names: list[str], only: list[str] | None) -> list[ArchiveRun]:
        """Start one run per profile, in the given order, after all names are checked."""
        # All names are checked before the first run starts, so that a typing error starts none.
        usernames = dict.fromkeys(username(name) for name in names)
        added = [add(name, only) for name in usernames]
        return [each.run for each in added]

    def wait(self, runs: list[ArchiveRun]) -> None:
        """Wait until all runs have ended and no file is pending. CommandError if interrupted."""
        try:
            with interrupted_once():
                self.watch(runs)
        except KeyboardInterrupt:
            raise CommandError(INTERRUPTED, returncode=130) from None

    def watch(self, runs: list[ArchiveRun]) -> None:
        """Show progress until every run has ended and no file is pending.

        Waits up to DATABASE_GRACE_SECONDS for an unreachable database.
        """
        started = answered = time.monotonic()
        with LiveProgress(runs) as live:
            while True:
                asked = time.monotonic()
                try:
                    if self.is_done(runs, live):
                        return
                    answered = time.monotonic()
                    if answered - started > WORKER_GRACE_SECONDS:
                        self.require_worker()
                except (OperationalError, InterfaceError):
                    if time.monotonic() - answered > DATABASE_GRACE_SECONDS:
                        raise
                    # A connection that has failed stays unusable until it is closed.
                    connections.close_all()
                    live.say_at_times(NO_DATABASE)
                took = time.monotonic() - asked
                time.sleep(min(max(POLL_SECONDS, took / POLL_SHARE), MAX_POLL_SECONDS))

    def is_done(self, runs: list[ArchiveRun], live: LiveProgress) -> bool:
        """Show the current state; True once every run has ended and no file is pending."""
        states = progress.refresh(runs)
        live.show(runs, states)
        return not any(run.is_active or states[run.pk].files_pending for run in runs)

    def require_worker(self) -> None:
        """Raise CommandError if no worker is running."""
        if not WorkerHeartbeat.anyone_alive():
            raise CommandError(NO_WORKER)


@contextmanager
def interrupted_once() -> Iterator[None]:
    """Turn the first Ctrl-C or SIGTERM into KeyboardInterrupt and ignore later ones."""

    # Both signals often arrive together. A second one would stop the display before it has restored
    # the terminal's cursor.
    def interrupt(*_: object) -> None:
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def username(text: str) -> str:
    """The username in the text. Raises CommandError that quotes the text."""
    try:
        return actions.username_from(text)
    except actions.NotAUsername as error:
        raise CommandError(f"{text!r}: {error}", returncode=2) from error


def add(name: str, only: list[str] | None) -> adding.AddedProfile:
    """Start the run. Raises CommandError for an erased profile."""
    try:
        return actions.add_profile(name=name, by=None, streams=only)
    except adding.NameOfErased as error:
        raise CommandError(str(error)) from error


def streams(text: str) -> list[str]:
    """Parse `--only`. The error for an unknown name lists the valid ones."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = sorted(set(names) - set(RunStream.Name.values))
    if unknown or not names:
        known = ", ".join(RunStream.Name.values)
        raise argparse.ArgumentTypeError(
            f"choose from {known}, not {', '.join(unknown) or 'nothing'}"
        )
    return names
