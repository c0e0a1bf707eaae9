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
from lab.faults.cases import BlowKind, Case, Rule
from lab.faults.lab import Lab
from lab.faults.scene import Scene, Undisturbed, Verdict


@dataclass(slots=True)
class Matrix:
    """Plays cases one after the other and adds up how they ended."""

    lab: Lab
    verdicts: list[Verdict] = field(default_factory=list)
    _references: dict[int, Undisturbed] = field(default_factory=dict)

    def play(self, wanted: Iterable[Case], *, until: float) -> Iterator[Verdict]:
        """Play as many as begin before `until` (of the monotonic clock)."""
        for case in wanted:
            if time.monotonic() > until:
                return
            yield self.one(case)

    def one(self, case: Case) -> Verdict:
        """Play a case, after an undisturbed one of its world where there was none yet."""
        if case.world not in self._references:
            calm = Scene(cases.undisturbed(case.world), self.lab, None).play()
            self._references[case.world] = calm.undisturbed
            self.verdicts.append(calm)
        verdict = Scene(case, self.lab, self._references[case.world]).play()
        self.verdicts.append(verdict)
        return verdict

    @property
    def failed(self) -> list[Verdict]:
        """Those in which a promise was broken."""
        return [verdict for verdict in self.verdicts if verdict.findings]

    def figures(self) -> dict[str, Any]:
        """What was played and how it ended, for JSON."""
        kinds = Counter(kind for verdict in self.verdicts for kind in _kinds(verdict.case))
        return {
            "cases": len(self.verdicts),
            "seeds": sum(each.case.name.startswith("seed/") for each in self.verdicts),
            "faults": sum(kinds.values()),
            "kinds_of_faults": len(kinds),
            "requests_hit": sum(each.hits for each in self.verdicts),
            "workers_killed": sum(each.kills for each in self.verdicts),
            "files": sum(each.files for each in self.verdicts),
            "calls": sum(each.calls for each in self.verdicts),
            "failed": {each.case.name: each.findings for each in self.failed},
        }


def run(lab: Lab, options: argparse.Namespace) -> bool:
    """Play what is asked for, show it; True when a promise was broken."""
    try:
        every = wanted(
            options.only, seeds=options.seeds, first=options.seed, available=lab.available
        )
    except KeyError as error:
        sys.exit(f"no such case: {error}")
    if missing := {*cases.BLOWS} - {*lab.available}:
        display.say(f"not possible here, so left out: {', '.join(sorted(missing))}")
    matrix = Matrix(lab)
    until = time.monotonic() + options.minutes * 60
    for verdict in display.progress(
        matrix.play(every, until=until), name="matrix", total=len(every)
    ):
        if verdict.findings:
            display.say(_broken(verdict))
    display.figures("matrix", matrix.figures(), as_json=options.json)
    return bool(matrix.failed)


def wanted(
    only: Sequence[str], *, seeds: int, first: int, available: Sequence[BlowKind]
) -> list[Case]:
    """The named cases; else each fault alone, and as many seeds. KeyError for an unknown name."""
    if only:
        return [cases.named(name, available=available) for name in only]
    alone = [
        case for case in cases.ALONE.values() if all(blow.kind in available for blow in case.blows)
    ]
    numbers = range(first, first + seeds)
    return alone + [cases.named(f"seed/{number}", available=available) for number in numbers]


def _broken(verdict: Verdict) -> str:
    """What happened in a case, what was not as promised, and how to see it again."""
    case = verdict.case
    rules = [json.dumps(dict(rule)) for rule in case.rules]
    blows = [f"{blow.kind} at {blow.share:.2f} of step {blow.step}" for blow in case.blows]
    lines = [
        f"BROKEN {case.name} (world {case.world}, {case.workers} at work)",
        *(f"    {fault}" for fault in (*rules, *blows)),
        *(f"  - {finding}" for finding in verdict.findings),
        f"  again: ./dev verify matrix --only {case.name}",
    ]
    return "\n".join(lines)


def _kinds(case: Case) -> list[str]:
    rules = [f"{rule.get('service', 'core_api')} {_kind(rule)}" for rule in case.rules]
    return rules + [blow.kind for blow in case.blows]


def _kind(rule: Rule) -> str:
    return str(rule.get("form") or rule.get("status") or rule["kind"])
