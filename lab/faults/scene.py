"""Plays one case to its end: request, strike, work, look, and move the clock to what is due."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from django.db.models import F, Q
from django.db.models.functions import Greatest

from api_logs.actions import resolve
from api_logs.models import Alarm, APIRequestLog
from instagram import actions
from instagram.archiving import pipeline
from instagram.models import ArchiveRun, User
from lab.faults import worlds
from lab.faults.cases import RESTARTS, Blow, BlowKind, Case
from lab.faults.crew import Crew, Steps, forget_messages
from lab.faults.facts import World
from lab.faults.judge import Judge
from lab.faults.lab import Lab
from lab.faults.rival import quarrel
from storage.models import Asset

TICK = timedelta(seconds=15)
"""Between two sweeps, at least; longer and longer, or every file's next try were a step."""
PATIENCE = timedelta(hours=30)
"""By then everything must have ended well, whatever happened."""
MAX_WAIT = timedelta(minutes=90)
"""Nothing waits longer by itself, unless a wrong clock has stored its time."""
AHEAD = timedelta(days=1)
"""A wrong clock is so far ahead; that must cost no such time."""
OUTAGE = timedelta(hours=1)
MENDED_AFTER = timedelta(minutes=20)
"""Then somebody has noticed a fault that does not pass by itself."""
MAX_REQUESTS = 4
MAX_STEPS = 300
STEPS_PER_TICK = 20


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """What a case without faults took, beside which the others are held."""

    calls: int
    steps: int
    seconds: float
    state: Counter[str]


@dataclass(slots=True)
class Verdict:
    """How a case ended: `findings` is empty when every promise held."""

    case: Case
    findings: list[str]
    files: int
    calls: int
    hits: int
    kills: int
    requests: int
    took: timedelta
    undisturbed: Undisturbed


@dataclass(slots=True)
class Scene:
    """A case while it is played. `now` is the time in the case."""

    case: Case
    lab: Lab
    reference: Undisturbed | None
    now: datetime = worlds.NOON
    kills: int = 0
    requests: int = 0
    steps: int = 0
    lost_pages: int = 0
    mended: bool = False
    outage_ends: datetime | None = None
    counted: list[Steps] = field(default_factory=list)
    seconds: float = 0.0
    names: tuple[str, ...] = ()
    crew: Crew = field(init=False)
    judge: Judge = field(init=False)

    def play(self) -> Verdict:
        """From an empty archive to the verdict."""
        self._set_the_stage()
        self._request()
        while True:
            self._work()
            self.judge.look()
            if not self._move_on():
                break
        return self._verdict()

    def _set_the_stage(self) -> None:
        self.lab.clear()
        self.names = worlds.build(self.lab.control, self.case.world)
        control = self.lab.control
        world = World.shown_by(control, self.names)
        folder = self.lab.folder / self.case.name.replace("/", "_")
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.iterdir():
            left.unlink()
        self.crew = Crew(folder)
        self.judge = Judge(self.case, world, self.crew)
        for rule in self.case.rules:
            control.add_fault(**rule)

    def _request(self) -> None:
        """Ask for every profile that is not archived yet, as a person would."""
        self.requests += 1
        streams = [*pipeline.STAGES]

        def ask() -> None:
            for name in self.names:
                actions.add_profile(name=name, by=None, streams=streams)

        self._perform([(ask, 0)], ())

    def _work(self) -> None:
        """Let the workers do what is due, and strike meanwhile."""
        forget_messages()
        blows = [blow for blow in self.case.blows if blow.step == self.steps]
        self.steps += 1
        dooms = [self._doom(blow) for blow in blows if blow.kind == "kill"][: self.case.workers]
        dooms += [0] * (self.case.workers - len(dooms))
        self._perform([(self.crew.work, doom) for doom in dooms], blows)

    def _perform(
        self, jobs: list[tuple[Callable[[], None], int]], blows: list[Blow] | tuple[()]
    ) -> None:
        self.lab.control.set_clock(self.now.timestamp())
        began = time.monotonic()
        self._strike_before(blows)
        counts = [Steps(doom=doom) for _, doom in jobs]
        at = self.now + (AHEAD if _strikes("clock_ahead", blows) else timedelta())
        processes = [
            self.crew.start(job, at=at, steps=steps)
            for (job, _), steps in zip(jobs, counts, strict=True)
        ]
        if _strikes("deadlocks", blows):
            rival = partial(quarrel, self._usual_seconds())
            processes.append(self.crew.start(rival, at=self.now, steps=Steps()))
            counts.append(Steps())
        self._strike_meanwhile(blows)
        for process, steps in zip(processes, counts, strict=True):
            if not self.crew.finish(process):
                self.judge.find("a worker did not come to an end")
            self.kills += process.exitcode < 0 and steps.doom > 0
        self.counted += counts
        self.lab.free_disk()
        took = time.monotonic() - began
        self.seconds += took
        self.now += timedelta(seconds=took)

    def _doom(self, blow: Blow) -> int:
        whole = self.reference.steps if self.reference else 1000
        return max(1, int(blow.share * whole))

    def _usual_seconds(self) -> float:
        return self.reference.seconds if self.reference else 1.0

    def _strike_before(self, blows: list[Blow] | tuple[()]) -> None:
        for blow in blows:
            if blow.kind == "disk_full":
                self.lab.fill_disk()
            elif blow.kind == "outage":
                self.outage_ends = self.now + OUTAGE
                self.lab.control.add_fault("form", form="unavailable")
                self.lab.control.add_fault("status", service="cdn", status=503)

    def _strike_meanwhile(self, blows: list[Blow] | tuple[()]) -> None:
        """Services are struck one after the other, when a share of the usual time has passed."""
        if self.lab.services is None:
            return
        strikes = {
            "valkey_flush": self.lab.services.flush_valkey,
            "valkey_restart": self.lab.services.restart_valkey,
            "postgres_restart": self.lab.services.restart_postgres,
            "postgres_killed": self.lab.services.kill_postgres,
        }
        whole = self._usual_seconds()
        began = time.monotonic()
        for blow in sorted(blows, key=lambda each: each.share):
            if blow.kind in strikes:
                time.sleep(max(0.0, began + blow.share * whole - time.monotonic()))
                strikes[blow.kind]()
                self.lost_pages += blow.kind in RESTARTS

    def _move_on(self) -> bool:
        """Go to the time when something is due; False when the case is over."""
        if self.steps >= MAX_STEPS or self.now > worlds.NOON + PATIENCE:
            self.judge.find(f"not at its end after {self.now - worlds.NOON} and {self.steps} steps")
            return False
        due = self._next_due()
        if due is None:
            return self._ask_again()
        tick = TICK * (1 + self.steps // STEPS_PER_TICK)
        due = min(due, self.now + MAX_WAIT)
        self.now = max(self.now + tick, due + timedelta(milliseconds=1))
        self._mend()
        return True

    def _mend(self) -> None:
        """End an outage whose hour is over; staff mend what does not pass by itself."""
        if self.outage_ends is not None and self.now < self.outage_ends:
            self.now = min(self.now, self.outage_ends)
            return
        if self.outage_ends is not None or self.now > worlds.NOON + MENDED_AFTER:
            self._clear_faults()

    def _clear_faults(self) -> None:
        self.judge.note_hits(self.lab.control.faults())
        self.lab.control.clear_faults()
        resolve(Alarm.objects.all(), by="verify", now=self.now)
        self.outage_ends = None
        self.mended = True

    def _ask_again(self) -> bool:
        """Everything has ended. What failed is asked for once more, when its cause is mended."""
        strikes_left = any(blow.step >= self.steps for blow in self.case.blows)
        if not self._failures():
            return strikes_left and self._skip_to_next_strike()
        if self.requests >= MAX_REQUESTS:
            self.judge.find(f"still failing after {self.requests} requests: {self._failures()}")
            return False
        self._clear_faults()
        self.now += timedelta(minutes=5)
        self._request()
        return True

    def _skip_to_next_strike(self) -> bool:
        """A blow that falls when nothing is left to do must do no harm either."""
        self.now += TICK
        return True

    def _failures(self) -> list[str]:
        failed = [
            f"run of {user.username}"
            for user in User.objects.filter(runs__isnull=False).distinct()
            if user.runs.latest("created_at").state == ArchiveRun.State.FAILED
        ]
        assets = Asset.objects.filter(state=Asset.State.FAILED)
        return failed + [f"{asset} ({asset.error_code})" for asset in assets[:5]]

    def _next_due(self) -> datetime | None:
        """When the next thing happens by itself; None when all has ended."""
        later = Greatest(F("next_attempt_at"), F("leased_until"))
        runs = ArchiveRun.objects.active().annotate(due=later)
        files = Asset.objects.filter(
            Q(state=Asset.State.WANTED) | Q(state=Asset.State.EXPIRED)
        ).annotate(due=later)
        times = [
            each.order_by("due").values_list("due", flat=True).first() for each in (runs, files)
        ]
        return min((moment for moment in times if moment is not None), default=None)

    def _is_comparable(self) -> bool:
        """Whether the rows must be as many as without faults."""
        return not (self.case.is_lied_to or self.case.is_told_in_parts)

    def _verdict(self) -> Verdict:
        if self.case.has("clock_ahead") and self.now - worlds.NOON > AHEAD / 2:
            self.judge.find(f"a clock that was ahead cost {self.now - worlds.NOON}")
        self.judge.note_hits(self.lab.control.faults())
        calls = APIRequestLog.objects.exclude(batch="").exclude(batch="renewal").count()
        own = Undisturbed(
            calls, max(each.count.value for each in self.counted), self.seconds, self.judge.state()
        )
        reference = self.reference or own
        self.judge.close(
            state=reference.state if self._is_comparable() else None,
            calls=calls,
            allowed=reference.calls * self.requests
            + self.judge.hits
            + self.judge.own_timeouts()
            + self.kills
            + self.lost_pages,
        )
        return Verdict(
            case=self.case,
            findings=self.judge.findings,
            files=len(self.judge.world.files),
            calls=calls,
            hits=self.judge.hits + self.judge.cdn_hits,
            kills=self.kills,
            requests=self.requests,
            took=self.now - worlds.NOON,
            undisturbed=own,
        )


def _strikes(kind: BlowKind, blows: Iterable[Blow]) -> bool:
    return any(blow.kind == kind for blow in blows)
