"""`./dev watch` runs the tests of the rooms that changed."""

from __future__ import annotations

from tests.support.sources import ROOT
from tests.support.watch import ROOMS, rooms


def test_a_change_in_a_room_runs_its_tests() -> None:
    assert rooms([f"{ROOT}/storage/store.py", f"{ROOT}/storage/tests/test_store.py"]) == ["storage"]


def test_a_change_of_the_root_conftest_runs_the_tests_of_every_room() -> None:
    assert {*rooms([f"{ROOT}/conftest.py"])} == {*ROOMS} - {"config"}
