"""Cases are derived from their names, and every kind of fault is tested alone."""

from __future__ import annotations

import pytest

from lab.faults import cases
from lab.simulator.envelope import FORMS
from lab.simulator.faults import Rule


def test_a_seed_is_always_the_same_case() -> None:
    assert cases.named("seed/17") == cases.named("seed/17")


def test_seeds_differ() -> None:
    assert len({str(cases.named(f"seed/{number}")) for number in range(50)}) == 50


def test_every_seed_has_a_fault() -> None:
    assert all(cases.named(f"seed/{number}").fault_count for number in range(200))


def test_every_form_of_the_provider_is_tested_alone() -> None:
    assert {f"core_api.{form}" for form in FORMS} <= set(cases.ALONE)


@pytest.mark.parametrize("name", ["seed/", "seed/x", "alone/nothing", "elsewhere/1"])
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(KeyError):
        cases.named(name)


def test_the_simulator_understands_every_rule() -> None:
    every = [*cases.ALONE.values(), *(cases.named(f"seed/{number}") for number in range(200))]

    rules = [Rule.parse(rule) for case in every for rule in case.rules]

    assert len(rules) > 200


def test_an_unavailable_fault_is_left_out_and_changes_nothing_else() -> None:
    number = next(n for n in range(200) if cases.named(f"seed/{n}").has("disk_full"))
    whole, without = (
        cases.named(f"seed/{number}"),
        cases.named(f"seed/{number}", available=["kill"]),
    )

    assert not without.has("disk_full")
    assert (whole.rules, whole.world) == (without.rules, without.world)
