"""Compares the archive with the simulator's world, after every step and at the end of a case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model, Q

from api_logs.models import APIRequestLog
from instagram.archiving import pipeline
from instagram.models import (
    ArchiveRun,
    Availability,
    ChangeEvent,
    Highlight,
    HighlightItem,
    Post,
    PostMedia,
    RowTally,
    RunStream,
    Story,
    User,
    UsernamePeriod,
)
from lab.faults import contents
from lab.faults.cases import RESTARTS, Case
from lab.faults.contents import Contents, ExpectedArchive
from lab.faults.processes import ForkedProcesses
from storage.models import Asset

OF_THE_DATABASE = frozenset(
    {"OperationalError", "InterfaceError", "DatabaseError", "AdminShutdown"}
)
LISTED = (User, Post, Story, Highlight)
CONTENT: tuple[type[Model], ...] = (
    *LISTED, UsernamePeriod, PostMedia, HighlightItem, ChangeEvent,
)  # fmt: skip
SLOW = frozenset({"delay", "drip"})
# The number of examples that a violation names.
SHOWN = 3


@dataclass(slots=True)
class Invariants:
    """The promises of the archive. Each check adds its violations to `violations`."""

    case: Case
    world: ExpectedArchive
    processes: ForkedProcesses
    violations: list[str] = field(default_factory=list)
    hits: int = 0
    slow_hits: int = 0
    cdn_hits: int = 0
    _believed: set[int] = field(default_factory=set)

    def violated(self, violation: str) -> None:
        if violation not in self.violations:
            self.violations.append(violation)

    def note_hits(self, rules: Iterable[Mapping[str, Any]]) -> None:
        """Count the requests that the rules have hit since the last call."""
        for rule in rules:
            if rule["service"] == "cdn":
                self.cdn_hits += rule["hits"]
            else:
                self.hits += rule["hits"]
                if rule["kind"] in SLOW:
                    self.slow_hits += rule["hits"]

    def own_timeouts(self) -> int:
        """The number of timed-out calls that no fault explains. A busy machine causes them."""
        late = Q(error__endswith="ReadTimeout") | Q(error__endswith="did not end in time")
        return max(0, APIRequestLog.objects.filter(late).count() - self.slow_hits)

    def check(self) -> None:
        """Check what must hold at any moment: no false success, false deletion or wrong file."""
        self._successes()
        self._failures()
        self._files(contents.stored_digests())
        self._absences()

    def check_final(self, *, state: Counter[str] | None, calls: int, allowed: int) -> None:
        """Check what must hold at the end. `state` is the baseline's; None skips that check."""
        for stream in pipeline.STAGES:
            for name in self.world.profiles:
                self._compare(stream, name)
        stored = contents.stored_digests()
        self._files(stored)
        self._violated_by("file lost", [key for key in self.world.files if key not in stored])
        self._violated_by(
            "not stored", [str(each) for each in Asset.objects.exclude(state="stored")]
        )
        self._present()
        self._tallies()
        for crash in self.processes.crashes():
            if not self._is_explained(crash.error, crash.text):
                self.violated(f"{crash.task} ended with {crash.error}: {crash.text}")
        if state is not None and state != self.state():
            self.violated(
                f"row counts differ from the baseline: {_difference(state, self.state())}"
            )
        if calls > allowed:
            self.violated(f"{calls} calls, but only {allowed} are explained")
            errors = APIRequestLog.objects.exclude(error="").values_list("error", flat=True)
            self.violated(f"  failed calls: {dict(Counter(errors))}")

    def state(self) -> Counter[str]:
        """The row counts of all tables of content, history and changes."""
        models = (*CONTENT, User.history.model, Post.history.model)
        return Counter({model.__name__: model._default_manager.count() for model in models})  # noqa: SLF001  documented by Django

    def _successes(self) -> None:
        # Each success is compared once, in the step that claims it. Later steps may add to it.
        done = RunStream.objects.filter(state=RunStream.State.SUCCEEDED).exclude(
            pk__in=self._believed
        )
        for stream in done.select_related("run__user"):
            self._believed.add(stream.pk)
            if stream.run.user.username in self.world.profiles:
                self._compare(stream.name, stream.run.user.username)
        for run in ArchiveRun.objects.filter(state=ArchiveRun.State.SUCCEEDED):
            if run.streams.exclude(state__in=("succeeded", "skipped")).exists():
                self.violated("a run succeeded although one of its streams did not")

    def _failures(self) -> None:
        failed = RunStream.objects.filter(state=RunStream.State.FAILED, error_code="")
        if failed.exists():
            self.violated("a stream failed without an error code")
        skipped = RunStream.objects.filter(state=RunStream.State.SKIPPED)
        for stream in skipped.select_related("run__user"):
            # A skipped stream counts as complete, so a wrong skip would lose all of it silently.
            if not self.world.profiles[stream.run.user.username]["is_private"]:
                self.violated(f"{stream.name} of a public profile was skipped: {stream.error_code}")

    def _files(self, stored: Mapping[contents.FileKey, str]) -> None:
        wrong = [key for key, digest in stored.items() if self.world.files.get(key) != digest]
        self._violated_by("stored with wrong bytes", wrong)

    def _absences(self) -> None:
        """No row may be deleted, as the world only grows; only a false answer makes one missing."""
        for model in LISTED:
            absent = model.objects.filter(availability=Availability.DELETED)
            self._violated_by(f"false deletion of {model.__name__}", [str(row) for row in absent])
            if not self.case.has_false_absence:
                missing = model.objects.filter(availability=Availability.MISSING)
                self._violated_by(
                    f"{model.__name__} falsely missing", [str(row) for row in missing]
                )

    def _present(self) -> None:
        for model in LISTED:
            gone = model.objects.filter(availability__in=("missing", "deleted"))
            self._violated_by(
                f"{model.__name__} not available at the end", [str(row) for row in gone]
            )

    def _tallies(self) -> None:
        totals = RowTally.objects.totals()
        for model in LISTED:
            rows, tallied = model.objects.count(), totals.get(model._meta.db_table, 0)  # noqa: SLF001  documented by Django
            if rows != tallied:
                self.violated(f"{tallied} rows of {model.__name__} are tallied, {rows} exist")

    def _is_explained(self, error: str, text: str) -> bool:
        if error in OF_THE_DATABASE:
            return self.case.has(*RESTARTS)
        if error == "OSError":
            return self.case.has("disk_full") and "No space left" in text
        # A worker may lose its lease of a run to another one, and must then stop.
        return error == "LostLease" and self.case.workers > 1

    def _compare(self, stream: str, name: str) -> None:
        shown = self.world.facts(stream, name)
        held = contents.archived(stream, self.world.profiles[name]["id"])
        if shown != held:
            self.violated(f"{stream} of {name}: {_first_differences(shown, held)}")

    def _violated_by(self, kind: str, found: Iterable[object]) -> None:
        several = [*found]
        if several:
            listed = ", ".join(str(each) for each in several[:SHOWN])
            self.violated(f"{kind}: {len(several)}, such as {listed}")


def _first_differences(shown: Contents, held: Contents) -> str:
    missing = [key for key in shown if key not in held]
    extra = [key for key in held if key not in shown]
    other = [
        f"{shown[key]} is archived as {held[key]}"
        for key in shown
        if held.get(key, shown[key]) != shown[key]
    ]
    return f"missing {missing[:SHOWN]}, unexpected {extra[:SHOWN]}, different {other[:1]}"


def _difference(wanted: Counter[str], found: Counter[str]) -> str:
    return ", ".join(
        f"{found[name]} {name} instead of {wanted[name]}"
        for name in sorted({*wanted, *found})
        if wanted[name] != found[name]
    )
