"""The fault matrix: each fault alone, then random combinations with random kills.

Every case must end with an archive that equals the world. A violation is printed with the command
that repeats exactly that case.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from lab.faults import cases, display
from lab.faults.cases import Case, FaultKind
from lab.faults.sandbox import Sandbox
from lab.faults.scenario import Baseline, CaseResult, Scenario


@dataclass(slots=True)
class Matrix:
    sandbox: Sandbox
    results: list[CaseResult] = field(default_factory=list)
    _references: dict[int, Baseline] = field(default_factory=dict)

    def play(self, wanted: Iterable[Case], *, until: float) -> Iterator[CaseResult]:
        """Run the cases that start before `until`, a time of the monotonic clock."""
        for case in wanted:
            if time.monotonic() > until:
                return
            yield self.one(case)

    def one(self, case: Case) -> CaseResult:
        """Run a case. The baseline of its world runs first if it has not run yet."""
        if case.world not in self._references:
            baseline = Scenario(cases.baseline(case.world), self.sandbox, None).run()
            self._references[case.world] = baseline.baseline
            self.results.append(baseline)
        result = Scenario(case, self.sandbox, self._references[case.world]).run()
        self.results.append(result)
        return result

    @property
    def failed(self) -> list[CaseResult]:
        return [result for result in self.results if result.violations]

    def figures(self) -> dict[str, Any]:
        kinds: Counter[str] = Counter()
        for result in self.results:
            kinds.update(fault.kind for fault in result.case.faults)
            for rule in result.case.rules:
                kind = rule.get("form") or rule.get("status") or rule["kind"]
                kinds[f"{rule.get('service', 'core_api')} {kind}"] += 1
        return {
            "cases": len(self.results),
            "seeds": sum(each.case.name.startswith("seed/") for each in self.results),
            "faults": sum(kinds.values()),
            "kinds_of_faults": len(kinds),
            "requests_hit": sum(each.hits for each in self.results),
            "workers_killed": sum(each.kills for each in self.results),
            "files": sum(each.files for each in self.results),
            "calls": sum(each.calls for each in self.results),
            "failed": {each.case.name: each.violations for each in self.failed},
        }


def run(sandbox: Sandbox, options: argparse.Namespace) -> bool:
    """Run the selected cases and print the figures; True if a promise was broken."""
    try:
        every = wanted(
            options.only, seeds=options.seeds, first=options.seed, available=sandbox.available
        )
    except KeyError as error:
        sys.exit(f"no such case: {error}")
    if missing := {*cases.FAULT_KINDS} - {*sandbox.available}:
        display.message(
            f"left out, because this machine cannot inject them: {', '.join(sorted(missing))}"
        )
    matrix = Matrix(sandbox)
    until = time.monotonic() + options.minutes * 60
    for result in display.progress(
        matrix.play(every, until=until), name="matrix", total=len(every)
    ):
        if result.violations:
            display.message(_broken(result))
    display.figures("matrix", matrix.figures(), as_json=options.json)
    return bool(matrix.failed)


def wanted(
    only: Sequence[str], *, seeds: int, first: int, available: Sequence[FaultKind]
) -> list[Case]:
    """The named cases, or else each fault alone and `seeds` combinations. Raises KeyError."""
    if only:
        return [cases.named(name, available=available) for name in only]
    alone = [
        case
        for case in cases.ALONE.values()
        if all(fault.kind in available for fault in case.faults)
    ]
    numbers = range(first, first + seeds)
    return alone + [cases.named(f"seed/{number}", available=available) for number in numbers]


def _broken(result: CaseResult) -> str:
    case = result.case
    rules = [json.dumps(dict(rule)) for rule in case.rules]
    faults = [f"{fault.kind} at {fault.share:.2f} of step {fault.step}" for fault in case.faults]
    lines = [
        f"BROKEN {case.name} (world {case.world}, {case.workers} at work)",
        *(f"    {fault}" for fault in (*rules, *faults)),
        *(f"  - {violation}" for violation in result.violations),
        f"  again: ./dev verify matrix --only {case.name}",
    ]
    return "\n".join(lines)
