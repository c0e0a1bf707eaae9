"""Kills real workers and restarts the services that they use.

The matrix runs its cases in forked processes on a simulated clock. Here only the provider is
simulated: Celery runs with its prefork children, leases expire in real time, and the whole process
group is killed with SIGKILL.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connections

from api_logs.models import APIRequestLog
from core import schedules
from embedded import application, processes
from embedded.processes import Program, Service
from instagram import actions
from instagram.models import ArchiveRun
from lab.faults import cases, display, worlds
from lab.faults.cases import FAULT_KINDS, Case, Fault, Rule
from lab.faults.contents import ExpectedArchive
from lab.faults.invariants import Invariants
from lab.faults.processes import ForkedProcesses
from lab.faults.sandbox import Sandbox
from lab.faults.scenario import Scenario
from storage.models import Asset

FAULTS_PER_ROUND = 9
# Minimum and maximum seconds between two faults.
PAUSES = (0.5, 6.0)
SHORT_OUTAGE = 8.0
SECONDS_TO_END = 600.0
# Slow answers, so that faults hit in the middle of the work.
SLOW: tuple[Rule, ...] = (
    {"kind": "delay", "seconds": 0.4},
    {"kind": "delay", "service": "cdn", "seconds": 0.6},
)
CELERY = ("-A", "config.celery_app")
QUEUES = ",".join(queues for _, queues in application.WORKERS.values())
WORKER = ("worker", "--loglevel", "WARNING", "--concurrency", "3", "-Q", QUEUES)
BEAT = ("beat", "--loglevel", "WARNING", "--scheduler", application.SCHEDULER)


@dataclass(slots=True)
class Round:
    """One archive that is disturbed until FAULTS_PER_ROUND faults were injected."""

    sandbox: Sandbox
    number: int
    injected: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    lost_pages: int = 0
    services: dict[str, Service] = field(default_factory=dict)

    @property
    def case(self) -> Case:
        faults = tuple(Fault(kind, 0, 0.0) for kind in FAULT_KINDS)
        return Case(f"workers/{self.number}", self.number % cases.WORLDS, SLOW, faults, workers=3)

    def run(self) -> Invariants:
        """Run the round on an empty archive."""
        baseline = Scenario(cases.baseline(self.case.world), self.sandbox, None).run().baseline
        invariants = self._prepare()
        began = time.monotonic()
        with self._running():
            self._inject_faults(invariants)
            if not processes.eventually(self._is_over, seconds=SECONDS_TO_END):
                invariants.violated(f"not finished after {SECONDS_TO_END:.0f} s")
        self.seconds = time.monotonic() - began
        invariants.check()
        calls = APIRequestLog.objects.exclude(batch="").exclude(batch="renewal").count()
        invariants.check_final(
            state=baseline.state, calls=calls, allowed=baseline.calls + self.lost_pages
        )
        return invariants

    def _prepare(self) -> Invariants:
        sandbox = self.sandbox
        sandbox.clear()
        names = worlds.build(sandbox.control, self.case.world, at=datetime.now(UTC))
        world = ExpectedArchive.from_simulator(sandbox.control, names)
        for rule in SLOW:
            sandbox.control.add_fault(**rule)
        schedules.sync()
        for name in names:
            actions.add_profile(name=name, by=None)
        folder = sandbox.folder / f"workers_{self.number}"
        folder.mkdir(parents=True)
        return Invariants(self.case, world, ForkedProcesses(folder))

    @contextmanager
    def _running(self) -> Iterator[None]:
        self._start("beat", BEAT)
        self._start("worker", WORKER)
        try:
            yield
        finally:
            for service in self.services.values():
                service.kill_group()

    def _start(self, name: str, words: Sequence[str]) -> None:
        command = application.python("celery", *CELERY, *words)
        program = Program(name, command, orphan_signal=signal.SIGKILL)
        environment: Mapping[str, str] = {**application.ENVIRONMENT, **os.environ}
        log = self.sandbox.folder / f"{name}.log"
        self.services[name] = processes.start(program, log=log, environment=environment)

    def _inject_faults(self, invariants: Invariants) -> None:
        choose = random.Random(f"workers {self.number}")  # noqa: S311  a seed, no secret
        injections = self._injections()
        kinds = [
            *injections,
            *choose.choices(["kill"], k=max(0, FAULTS_PER_ROUND - len(injections))),
        ]
        choose.shuffle(kinds)
        for kind in kinds:
            time.sleep(choose.uniform(*PAUSES))
            injections[kind]()
            self.injected[kind] += 1
            invariants.check()

    def _injections(self) -> dict[str, Callable[[], None]]:
        possible: dict[str, Callable[[], None]] = {"kill": self._kill, "outage": self._outage}
        if self.sandbox.services is not None:
            possible["valkey_flush"] = self.sandbox.services.flush_valkey
            possible["valkey_restart"] = self.sandbox.services.restart_valkey
            possible["postgres_restart"] = self._restart_postgres
        if self.sandbox.small_disk is not None:
            possible["disk_full"] = self._fill_disk
        return possible

    def _kill(self) -> None:
        """Kill the worker with all its children and start another."""
        self.services["worker"].kill_group()
        self.lost_pages += 3  # one page for each of the worker's three children
        self._start("worker", WORKER)

    def _restart_postgres(self) -> None:
        # This process's own connections end with the server. New ones are made on demand.
        connections.close_all()
        if self.sandbox.services is not None:
            self.sandbox.services.restart_postgres()
        self.lost_pages += 3

    def _fill_disk(self) -> None:
        self.sandbox.fill_disk()
        time.sleep(SHORT_OUTAGE)
        self.sandbox.free_disk()

    def _outage(self) -> None:
        """Make the provider and the CDN answer 503 for a few seconds."""
        self.sandbox.control.clear_faults()
        self.sandbox.control.add_fault("form", form="unavailable")
        self.sandbox.control.add_fault("status", service="cdn", status=503)
        time.sleep(SHORT_OUTAGE)
        # Every call that failed in the outage is sent again afterwards.
        rules = self.sandbox.control.faults()
        self.lost_pages += sum(rule["hits"] for rule in rules if rule["service"] == "core_api")
        self.sandbox.control.clear_faults()
        for rule in SLOW:
            self.sandbox.control.add_fault(**rule)

    def _is_over(self) -> bool:
        waiting = Asset.objects.filter(state__in=(Asset.State.WANTED, Asset.State.EXPIRED))
        return not ArchiveRun.objects.active().exists() and not waiting.exists()


def run(sandbox: Sandbox, options: argparse.Namespace) -> bool:
    """Run the rounds and print the figures; True if a promise was broken."""
    rounds = [Round(sandbox, number) for number in range(options.rounds)]
    violations: dict[str, list[str]] = {}
    for each in display.progress(rounds, name="workers", total=len(rounds)):
        found = each.run().violations
        if found:
            violations[each.case.name] = found
    injected: Counter[str] = sum((each.injected for each in rounds), Counter())
    figures: dict[str, Any] = {
        "rounds": len(rounds),
        "seconds": [round(each.seconds) for each in rounds],
        "faults": dict(injected),
        "failed": violations,
    }
    display.figures("workers", figures, as_json=options.json)
    return bool(violations)
