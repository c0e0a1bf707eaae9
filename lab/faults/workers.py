"""Real workers and a real beat, killed, beside services that are restarted: the proof end to end.

The matrix plays its cases in forked processes on a clock that jumps, many to the minute. Here
nothing is simulated but the provider: Celery with its prefork children, leases that run out in
their own time, and `kill -9` of the whole process group.
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
from lab.faults.cases import BLOWS, Blow, Case, Rule
from lab.faults.crew import Crew
from lab.faults.facts import World
from lab.faults.judge import Judge
from lab.faults.lab import Lab
from lab.faults.scene import Scene
from storage.models import Asset

STRIKES = 9
PAUSES = (0.5, 6.0)
"""Seconds between two strikes, at least and at most."""
SHORT_OUTAGE = 8.0
SECONDS_TO_END = 600.0
SLOW: tuple[Rule, ...] = (
    {"kind": "delay", "seconds": 0.4},
    {"kind": "delay", "service": "cdn", "seconds": 0.6},
)
"""So that strikes fall in the middle of the work."""
CELERY = ("-A", "config.celery_app")
QUEUES = ",".join(queues for _, queues in application.WORKERS.values())
WORKER = ("worker", "--loglevel", "WARNING", "--concurrency", "3", "-Q", QUEUES)
BEAT = ("beat", "--loglevel", "WARNING", "--scheduler", application.SCHEDULER)


@dataclass(slots=True)
class Round:
    """One archive, struck again and again until it is complete."""

    lab: Lab
    number: int
    struck: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    lost_pages: int = 0
    services: dict[str, Service] = field(default_factory=dict)

    @property
    def case(self) -> Case:
        """What the judge has to expect."""
        blows = tuple(Blow(kind, 0, 0.0) for kind in BLOWS)
        return Case(f"workers/{self.number}", self.number % cases.WORLDS, SLOW, blows, workers=3)

    def play(self) -> Judge:
        """From an empty archive to the judgement."""
        calm = Scene(cases.undisturbed(self.case.world), self.lab, None).play().undisturbed
        judge = self._prepare()
        began = time.monotonic()
        with self._running():
            self._strike_often(judge)
            if not processes.eventually(self._is_over, seconds=SECONDS_TO_END):
                judge.find(f"not at its end after {SECONDS_TO_END:.0f} s")
        self.seconds = time.monotonic() - began
        judge.look()
        calls = APIRequestLog.objects.exclude(batch="").exclude(batch="renewal").count()
        judge.close(state=calm.state, calls=calls, allowed=calm.calls + self.lost_pages)
        return judge

    def _prepare(self) -> Judge:
        lab = self.lab
        lab.clear()
        names = worlds.build(lab.control, self.case.world, at=datetime.now(UTC))
        world = World.shown_by(lab.control, names)
        for rule in SLOW:
            lab.control.add_fault(**rule)
        schedules.sync()
        for name in names:
            actions.add_profile(name=name, by=None)
        folder = lab.folder / f"workers_{self.number}"
        folder.mkdir(parents=True)
        return Judge(self.case, world, Crew(folder))

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
        log = self.lab.folder / f"{name}.log"
        self.services[name] = processes.start(program, log=log, environment=environment)

    def _strike_often(self, judge: Judge) -> None:
        choose = random.Random(f"workers {self.number}")  # noqa: S311  a seed, no secret
        strikes = self._strikes()
        kinds = [*strikes, *choose.choices(["kill"], k=max(0, STRIKES - len(strikes)))]
        choose.shuffle(kinds)
        for kind in kinds:
            time.sleep(choose.uniform(*PAUSES))
            strikes[kind]()
            self.struck[kind] += 1
            judge.look()

    def _strikes(self) -> dict[str, Callable[[], None]]:
        possible: dict[str, Callable[[], None]] = {"kill": self._kill, "outage": self._outage}
        if self.lab.services is not None:
            possible["valkey_flush"] = self.lab.services.flush_valkey
            possible["valkey_restart"] = self.lab.services.restart_valkey
            possible["postgres_restart"] = self._restart_postgres
        if self.lab.small_disk is not None:
            possible["disk_full"] = self._fill_disk
        return possible

    def _kill(self) -> None:
        """The worker with all its children, and another in its place."""
        self.services["worker"].kill_group()
        self.lost_pages += 3
        self._start("worker", WORKER)

    def _restart_postgres(self) -> None:
        connections.close_all()
        if self.lab.services is not None:
            self.lab.services.restart_postgres()
        self.lost_pages += 3

    def _fill_disk(self) -> None:
        self.lab.fill_disk()
        time.sleep(SHORT_OUTAGE)
        self.lab.free_disk()

    def _outage(self) -> None:
        """The provider and the CDN answer nothing but 503."""
        self.lab.control.clear_faults()
        self.lab.control.add_fault("form", form="unavailable")
        self.lab.control.add_fault("status", service="cdn", status=503)
        time.sleep(SHORT_OUTAGE)
        rules = self.lab.control.faults()
        self.lost_pages += sum(rule["hits"] for rule in rules if rule["service"] == "core_api")
        self.lab.control.clear_faults()
        for rule in SLOW:
            self.lab.control.add_fault(**rule)

    def _is_over(self) -> bool:
        waiting = Asset.objects.filter(state__in=(Asset.State.WANTED, Asset.State.EXPIRED))
        return not ArchiveRun.objects.active().exists() and not waiting.exists()


def run(lab: Lab, options: argparse.Namespace) -> bool:
    """Play the rounds, show them; True when a promise was broken."""
    rounds = [Round(lab, number) for number in range(options.rounds)]
    findings: dict[str, list[str]] = {}
    for each in display.progress(rounds, name="workers", total=len(rounds)):
        found = each.play().findings
        if found:
            findings[each.case.name] = found
    struck: Counter[str] = sum((each.struck for each in rounds), Counter())
    figures: dict[str, Any] = {
        "rounds": len(rounds),
        "seconds": [round(each.seconds) for each in rounds],
        "strikes": dict(struck),
        "failed": findings,
    }
    display.figures("workers", figures, as_json=options.json)
    return bool(findings)
