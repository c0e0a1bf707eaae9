"""The fault matrix: each fault alone, then random combinations with random kills.

Every case ends with an archive that equals the world, or is reported with the command that repeats
exactly that one.
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
from lab.faults.cases import Case, FaultKind, Rule
from lab.faults.scenario import Baseline, CaseResult, Scenario
from lab.faults.testbed import Testbed


@dataclass(slots=True)
class Matrix:
    """Plays cases one after the other and adds up how they ended."""

    testbed: Testbed
    results: list[CaseResult] = field(default_factory=list)
    _references: dict[int, Baseline] = field(default_factory=dict)

    def play(self, wanted: Iterable[Case], *, until: float) -> Iterator[CaseResult]:
        """Play as many as begin before `until` (of the monotonic clock)."""
        for case in wanted:
            if time.monotonic() > until:
                return
            yield self.one(case)

    def one(self, case: Case) -> CaseResult:
        """Play a case, after an baseline one of its world where there was none yet."""
        if case.world not in self._references:
            baseline = Scenario(cases.baseline(case.world), self.testbed, None).play()
            self._references[case.world] = baseline.baseline
            self.results.append(baseline)
        result = Scenario(case, self.testbed, self._references[case.world]).play()
        self.results.append(result)
        return result

    @property
    def failed(self) -> list[CaseResult]:
        """Those in which a promise was broken."""
        return [result for result in self.results if result.violations]

    def figures(self) -> dict[str, Any]:
        """What was played and how it ended, for JSON."""
        kinds = Counter(kind for result in self.results for kind in _kinds(result.case))
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


def run(testbed: Testbed, options: argparse.Namespace) -> bool:
    """Play what is asked for, show it; True when a promise was broken."""
    try:
        every = wanted(
            options.only, seeds=options.seeds, first=options.seed, available=testbed.available
        )
    except KeyError as error:
        sys.exit(f"no such case: {error}")
    if missing := {*cases.FAULT_KINDS} - {*testbed.available}:
        display.message(f"not possible here, so left out: {', '.join(sorted(missing))}")
    matrix = Matrix(testbed)
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
    """The named cases; else each fault alone, and as many seeds. KeyError for an unknown name."""
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
    """What happened in a case, what was not as promised, and how to see it again."""
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


def _kinds(case: Case) -> list[str]:
    rules = [f"{rule.get('service', 'core_api')} {_kind(rule)}" for rule in case.rules]
    return rules + [fault.kind for fault in case.faults]


def _kind(rule: Rule) -> str:
    return str(rule.get("form") or rule.get("status") or rule["kind"])
