"""The cases of the matrix: the faults of the provider, of the CDN and of our own side.

A case is derived from its name alone: `alone/<fault>` or `seed/<number>`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from lab.simulator.envelope import FORMS

# A fault rule in the form that the simulator's control route accepts.
Rule = Mapping[str, Any]

WORLDS = 6
MAX_FAULTS = 4
# The paths that a rule can match: every call, or the calls of one stream.
PATHS = (
    "",
    "fetch_user_info",
    "fetch_user_posts",
    "fetch_user_stories",
    "fetch_user_reels",
    "highlight",
)

FaultKind = Literal[
    "kill", "valkey_flush", "valkey_restart", "postgres_restart", "postgres_killed", "disk_full",
    "outage", "clock_ahead", "deadlocks",
]  # fmt: skip
FAULT_KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
RESTARTS: tuple[FaultKind, ...] = ("postgres_restart", "postgres_killed")
SERVICE_FAULTS = frozenset({"valkey_flush", "valkey_restart", *RESTARTS})

CORE_API: dict[str, Rule] = {
    **{form: {"kind": "form", "form": form} for form in FORMS},
    "delay": {"kind": "delay", "seconds": 3.0},
    "reset": {"kind": "reset"},
    "truncate": {"kind": "truncate", "bytes": 700},
    "drip": {"kind": "drip", "bytes": 2000, "seconds": 0.3},
    "empty": {"kind": "empty"},
    "gzip": {"kind": "encoded"},
    "layers": {"kind": "encoded", "layers": 2},
    "drip_headers": {"kind": "drip_headers", "bytes": 1, "seconds": 0.2},
    "short_list": {"kind": "short_list"},
    "late_video": {"kind": "late_video"},
    "milliseconds": {"kind": "milliseconds"},
}
REFUSALS = (403, 404, 410, 429, 500, 503)
CDN: dict[str, Rule] = {
    **{f"status_{status}": {"kind": "status", "status": status} for status in REFUSALS},
    "html_at_200": {"kind": "status", "status": 200, "body": "<html>Please wait</html>"},
    "text_at_200": {"kind": "status", "status": 200, "body": "Invalid URL signature"},
    "gzip": {"kind": "encoded"},
    "layers": {"kind": "encoded", "layers": 2},
    "drip_headers": {"kind": "drip_headers", "bytes": 1, "seconds": 0.02},
    "reset": {"kind": "reset"},
    "truncate": {"kind": "truncate", "bytes": 5000},
    "drip": {"kind": "drip", "bytes": 30_000, "seconds": 0.02},
    "wrong_type": {"kind": "wrong_type", "content_type": "text/html"},
    "empty": {"kind": "empty"},
    "chunked": {"kind": "chunked"},
    "redirect_loop": {"kind": "redirect_loop"},
}  # fmt: skip
# Faults that make a worker store a retry time, which is wrong if its clock is ahead.
RETRY_RULES: tuple[Rule, ...] = (
    {**CORE_API["unavailable"], "times": 3, "skip": 4},
    {"service": "cdn", **CDN["status_503"], "times": 8},
)
# Forms that are also tested as lasting faults, which end only when they are cleared.
PERSISTENT = ("invalid_token", "no_balance", "no_scope", "unavailable", "upstream_failed")
# Forms in which the provider says that an existing profile does not exist.
FALSE_ABSENCES = frozenset({"user_null"})
# Kinds that leave items out at first. An item that appears later adds a row to the change feed.
PARTIAL = frozenset({"short_list", "late_video"})


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of our own processes and services, injected after `share` of the work of a step."""

    kind: FaultKind
    step: int
    share: float


@dataclass(frozen=True, slots=True)
class Case:
    """One world, the faults injected into it, and the number of concurrent workers."""

    name: str
    world: int
    rules: tuple[Rule, ...] = ()
    faults: tuple[Fault, ...] = ()
    workers: int = 1

    @property
    def fault_count(self) -> int:
        return len(self.rules) + len(self.faults)

    @property
    def has_false_absence(self) -> bool:
        return any(rule.get("form") in FALSE_ABSENCES for rule in self.rules)

    @property
    def has_partial_answers(self) -> bool:
        return any(rule.get("kind") in PARTIAL for rule in self.rules)

    def has(self, *kinds: FaultKind) -> bool:
        return any(fault.kind in kinds for fault in self.faults)


def baseline(world: int) -> Case:
    """The case without faults that the other cases of the world are compared with."""
    return Case(f"baseline/{world}", world)


def named(name: str, *, available: Sequence[FaultKind] = FAULT_KINDS) -> Case:
    """Return the case of that name. Raises KeyError for an unknown name.

    Faults of a seed that are not `available` are left out; the rest of the case stays the same.
    """
    family, _, rest = name.partition("/")
    if family == "seed" and rest.isdecimal():
        return _random(int(rest), available)
    if family == "alone" and rest in ALONE:
        return ALONE[rest]
    raise KeyError(name)


def _random(seed: int, available: Sequence[FaultKind]) -> Case:
    choose = random.Random(f"case {seed}")  # noqa: S311  a seed, no secret
    # Everything is drawn, also what this machine cannot inject: leaving out a draw would change all
    # draws after it, and a seed would be another case on another machine.
    rules = tuple(_rule(choose) for _ in range(choose.randint(0, MAX_FAULTS)))
    faults = tuple(
        # A kill is twice as likely as any other fault, and the first step has most of the work.
        Fault(choose.choice(("kill", *FAULT_KINDS)), choose.choice((0, 0, 1, 2)), choose.random())
        for _ in range(choose.randint(0 if rules else 1, 3))
    )
    return Case(
        name=f"seed/{seed}",
        world=choose.randrange(WORLDS),
        rules=rules,
        faults=tuple(fault for fault in faults if fault.kind in available),
        workers=choose.choice((1, 1, 2)),
    )


def _rule(choose: random.Random) -> Rule:
    """Choose a fault for one to six requests. One in eight lasts until it is cleared."""
    times = None if choose.random() < 0.125 else choose.randint(1, 6)
    if choose.random() < 0.5:
        wanted = {"service": "cdn", **CDN[choose.choice([*CDN])]}
    else:
        wanted = {**CORE_API[choose.choice([*CORE_API])], "path": choose.choice(PATHS)}
    return {**wanted, "times": times, "skip": choose.randrange(8)}


def _alone() -> dict[str, Case]:
    faults = {
        **{f"core_api.{name}": {**rule, "times": 3, "skip": 1} for name, rule in CORE_API.items()},
        **{
            f"core_api.{name}.repaired": {**CORE_API[name], "times": None}
            for name in PERSISTENT
        },
        **{f"cdn.{name}": {"service": "cdn", **rule, "times": 8} for name, rule in CDN.items()},
        # The answer to an expired signature, until the fault is cleared: every fresh URL fails too.
        "cdn.status_403.repaired": {"service": "cdn", **CDN["status_403"], "times": None},
    }  # fmt: skip
    cases = [
        Case(f"alone/{name}", index % WORLDS, (rule,))
        for index, (name, rule) in enumerate(faults.items())
    ]
    for index, kind in enumerate(FAULT_KINDS):
        for share in (0.2, 0.5, 0.8):
            fault = Fault(kind, 0, share)
            rules = RETRY_RULES if kind == "clock_ahead" else ()
            cases.append(Case(f"alone/{kind}.{share}", index % WORLDS, rules, (fault,)))
    return {case.name.removeprefix("alone/"): case for case in cases}


ALONE = _alone()
