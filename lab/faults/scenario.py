"""Runs one case to its end: request, work under faults, check, advance the clock, repeat."""

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
from lab.faults.cases import RESTARTS, Case, Fault, FaultKind
from lab.faults.contention import contend
from lab.faults.contents import ExpectedArchive
from lab.faults.invariants import Invariants
from lab.faults.processes import ForkedProcesses, Steps, forget_messages
from lab.faults.sandbox import Sandbox
from storage.models import Asset

# The minimum time between two steps. It grows, because each file has a retry time of its own.
TICK = timedelta(seconds=15)
# Simulated time after which every case must have finished.
MAX_DURATION = timedelta(hours=30)
# No stored retry time is later than this, unless a wrong clock computed it.
MAX_WAIT = timedelta(minutes=90)
# The error of the wrong clock. It must not delay the archive by that much.
AHEAD = timedelta(days=1)
OUTAGE = timedelta(hours=1)
# Simulated time after which staff clear the faults that do not end by themselves.
REPAIRED_AFTER = timedelta(minutes=20)
MAX_REQUESTS = 4
MAX_STEPS = 300
STEPS_PER_TICK = 20


@dataclass(frozen=True, slots=True)
class Baseline:
    """The figures of a case without faults, which the cases of the same world are compared with."""

    calls: int
    steps: int
    seconds: float
    state: Counter[str]


@dataclass(slots=True)
class CaseResult:
    """The outcome of a case. No promise was broken if `violations` is empty."""

    case: Case
    violations: list[str]
    files: int
    calls: int
    hits: int
    kills: int
    requests: int
    took: timedelta
    baseline: Baseline


@dataclass(slots=True)
class Scenario:
    """The state of a running case. `now` is the simulated time."""

    case: Case
    sandbox: Sandbox
    reference: Baseline | None
    now: datetime = worlds.NOON
    kills: int = 0
    requests: int = 0
    steps: int = 0
    lost_pages: int = 0
    repaired: bool = False
    outage_ends: datetime | None = None
    counted: list[Steps] = field(default_factory=list)
    seconds: float = 0.0
    names: tuple[str, ...] = ()
    processes: ForkedProcesses = field(init=False)
    invariants: Invariants = field(init=False)

    def run(self) -> CaseResult:
        """Run the case on an empty archive."""
        self._prepare()
        self._request()
        while True:
            self._work()
            self.invariants.check()
            if not self._advance():
                break
        return self._result()

    def _prepare(self) -> None:
        self.sandbox.clear()
        self.names = worlds.build(self.sandbox.control, self.case.world)
        control = self.sandbox.control
        world = ExpectedArchive.from_simulator(control, self.names)
        folder = self.sandbox.folder / self.case.name.replace("/", "_")
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.iterdir():
            left.unlink()
        self.processes = ForkedProcesses(folder)
        self.invariants = Invariants(self.case, world, self.processes)
        for rule in self.case.rules:
            control.add_fault(**rule)

    def _request(self) -> None:
        """Request every profile that is not archived yet."""
        self.requests += 1
        streams = [*pipeline.STAGES]

        def ask() -> None:
            for name in self.names:
                actions.add_profile(name=name, by=None, streams=streams)

        self._perform([(ask, 0)], ())

    def _work(self) -> None:
        """Run the workers once and inject the faults of this step."""
        forget_messages()
        faults = [fault for fault in self.case.faults if fault.step == self.steps]
        self.steps += 1
        kills = [fault for fault in faults if fault.kind == "kill"]
        # A share of the baseline's steps: the same fraction of the work in every world.
        whole = self.reference.steps if self.reference else 1000
        kill_steps = [max(1, int(fault.share * whole)) for fault in kills[: self.case.workers]]
        kill_steps += [0] * (self.case.workers - len(kill_steps))
        self._perform([(self.processes.work, kill_at) for kill_at in kill_steps], faults)

    def _perform(
        self, jobs: list[tuple[Callable[[], None], int]], faults: list[Fault] | tuple[()]
    ) -> None:
        self.sandbox.control.set_clock(self.now.timestamp())
        began = time.monotonic()
        self._inject_before(faults)
        counts = [Steps(kill_at=kill_at) for _, kill_at in jobs]
        at = self.now + (AHEAD if _has("clock_ahead", faults) else timedelta())
        processes = [
            self.processes.start(job, at=at, steps=steps)
            for (job, _), steps in zip(jobs, counts, strict=True)
        ]
        if _has("deadlocks", faults):
            rival = partial(contend, self._usual_seconds())
            processes.append(self.processes.start(rival, at=self.now, steps=Steps()))
            counts.append(Steps())
        self._inject_meanwhile(faults)
        for process, steps in zip(processes, counts, strict=True):
            if not self.processes.finish(process):
                self.invariants.violated("a worker did not finish in time")
            self.kills += process.exitcode < 0 and steps.kill_at > 0
        self.counted += counts
        self.sandbox.free_disk()
        # The clocks of the processes ran on from `now` meanwhile.
        took = time.monotonic() - began
        self.seconds += took
        self.now += timedelta(seconds=took)

    def _usual_seconds(self) -> float:
        return self.reference.seconds if self.reference else 1.0

    def _inject_before(self, faults: list[Fault] | tuple[()]) -> None:
        for fault in faults:
            if fault.kind == "disk_full":
                self.sandbox.fill_disk()
            elif fault.kind == "outage":
                self.outage_ends = self.now + OUTAGE
                self.sandbox.control.add_fault("form", form="unavailable")
                self.sandbox.control.add_fault("status", service="cdn", status=503)

    def _inject_meanwhile(self, faults: list[Fault] | tuple[()]) -> None:
        """Inject the faults of services in order, each at its share of the baseline's duration."""
        if self.sandbox.services is None:
            return
        injections = {
            "valkey_flush": self.sandbox.services.flush_valkey,
            "valkey_restart": self.sandbox.services.restart_valkey,
            "postgres_restart": self.sandbox.services.restart_postgres,
            "postgres_killed": self.sandbox.services.kill_postgres,
        }
        whole = self._usual_seconds()
        began = time.monotonic()
        for fault in sorted(faults, key=lambda each: each.share):
            if fault.kind in injections:
                time.sleep(max(0.0, began + fault.share * whole - time.monotonic()))
                injections[fault.kind]()
                # Each worker may have a page in hand that it cannot commit, and fetches again.
                self.lost_pages += self.case.workers * (fault.kind in RESTARTS)

    def _advance(self) -> bool:
        """Advance the clock to the next due time; False if the case is over."""
        if self.steps >= MAX_STEPS or self.now > worlds.NOON + MAX_DURATION:
            self.invariants.violated(
                f"not finished after {self.now - worlds.NOON} and {self.steps} steps"
            )
            return False
        due = self._next_due()
        if due is None:
            return self._retry_failures()
        tick = TICK * (1 + self.steps // STEPS_PER_TICK)
        due = min(due, self.now + MAX_WAIT)
        self.now = max(self.now + tick, due + timedelta(milliseconds=1))
        self._repair()
        return True

    def _repair(self) -> None:
        """End an outage after its hour, and clear lasting faults after REPAIRED_AFTER."""
        if self.outage_ends is not None and self.now < self.outage_ends:
            self.now = min(self.now, self.outage_ends)
            return
        if self.outage_ends is not None or self.now > worlds.NOON + REPAIRED_AFTER:
            self._clear_faults()

    def _clear_faults(self) -> None:
        # Before clearing: the rules take their counters with them.
        self.invariants.note_hits(self.sandbox.control.faults())
        self.sandbox.control.clear_faults()
        # An alarm, such as an invalid token, stops all calls until staff resolve it.
        resolve(Alarm.objects.all(), by="verify", now=self.now)
        self.outage_ends = None
        self.repaired = True

    def _retry_failures(self) -> bool:
        """Clear the faults and request the failed profiles again; False if the case is over."""
        faults_left = any(fault.step >= self.steps for fault in self.case.faults)
        if not self._failures():
            if faults_left:  # a fault after the end of the work must do no harm either
                self.now += TICK
            return faults_left
        if self.requests >= MAX_REQUESTS:
            self.invariants.violated(
                f"still failing after {self.requests} requests: {self._failures()}"
            )
            return False
        self._clear_faults()
        self.now += timedelta(minutes=5)
        self._request()
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
        """The earliest time at which a run or a file is due; None if none is waiting."""
        # A worker takes a row when its retry time has come and no other worker holds a lease on it.
        later = Greatest(F("next_attempt_at"), F("leased_until"))
        runs = ArchiveRun.objects.active().annotate(due=later)
        files = Asset.objects.filter(
            Q(state=Asset.State.WANTED) | Q(state=Asset.State.EXPIRED)
        ).annotate(due=later)
        times = [
            each.order_by("due").values_list("due", flat=True).first() for each in (runs, files)
        ]
        return min((moment for moment in times if moment is not None), default=None)

    def _result(self) -> CaseResult:
        if self.case.has("clock_ahead") and self.now - worlds.NOON > AHEAD / 2:
            self.invariants.violated(
                f"a clock that was ahead delayed the archive by {self.now - worlds.NOON}"
            )
        self.invariants.note_hits(self.sandbox.control.faults())
        # Only calls of runs: renewals of URLs depend on how often downloads were refused.
        calls = APIRequestLog.objects.exclude(batch="").exclude(batch="renewal").count()
        own = Baseline(
            calls,
            max(each.count.value for each in self.counted),
            self.seconds,
            self.invariants.state(),
        )
        self._check_final(own)
        return CaseResult(
            case=self.case,
            violations=self.invariants.violations,
            files=len(self.invariants.world.files),
            calls=calls,
            hits=self.invariants.hits + self.invariants.cdn_hits,
            kills=self.kills,
            requests=self.requests,
            took=self.now - worlds.NOON,
            baseline=own,
        )

    def _check_final(self, own: Baseline) -> None:
        reference = self.reference or own
        # False and partial answers add rows to the history and the change feed.
        comparable = not (self.case.has_false_absence or self.case.has_partial_answers)
        self.invariants.check_final(
            state=reference.state if comparable else None,
            calls=own.calls,
            # A hit call may be sent again, and a page that was not committed is asked for again.
            allowed=reference.calls * self.requests
            + self.invariants.hits
            + self.invariants.own_timeouts()
            + self.kills
            + self.lost_pages,
        )


def _has(kind: FaultKind, faults: Iterable[Fault]) -> bool:
    return any(fault.kind == kind for fault in faults)
