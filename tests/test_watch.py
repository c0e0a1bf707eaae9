"""`./dev watch`: which tests a change calls for."""

from __future__ import annotations

from tests.support.sources import ROOT
from tests.support.watch import ROOMS, rooms


def test_a_change_in_a_room_runs_its_tests() -> None:
    assert rooms([f"{ROOT}/storage/store.py", f"{ROOT}/storage/tests/test_store.py"]) == ["storage"]


def test_a_change_that_all_tests_share_runs_those_of_every_room() -> None:
    assert {*rooms([f"{ROOT}/conftest.py"])} == {*ROOMS} - {"config"}
