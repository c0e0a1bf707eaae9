"""Which bodies count as failures."""

from __future__ import annotations

from typing import Any

import pytest

from core import failures


@pytest.mark.parametrize("layer", [{"status": False}, {"status": "fail"}, {"code": 400}])
def test_a_body_may_report_a_failure(layer: dict[str, Any]) -> None:
    assert failures.is_failure(layer)


@pytest.mark.parametrize(
    "layer",
    [{}, {"status": "ok"}, {"status": 0}, {"status": []}, {"code": "CxYz_400"}, {"code": 200}],
)
def test_nothing_else_is_a_failure(layer: dict[str, Any]) -> None:
    assert not failures.is_failure(layer)


@pytest.mark.parametrize("message", [None, 7, ["not authorized to view user"], "no"])
def test_only_its_own_words_say_that_a_profile_is_private(message: object) -> None:
    assert not failures.says(failures.PRIVATE, {"message": message})
