"""JSON of the REST API."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from core.api.renderers import JSONRenderer


def rendered(data: Any, accepted: str = "application/json") -> bytes:
    return JSONRenderer().render(data, accepted)


def test_a_time_ends_in_z() -> None:
    assert (
        rendered(datetime(2025, 3, 1, 12, 0, 0, 5, tzinfo=UTC)) == b'"2025-03-01T12:00:00.000005Z"'
    )


@pytest.mark.parametrize("value", [10**40, 2**64])
def test_what_orjson_refuses_is_rendered_all_the_same(value: Any) -> None:
    assert json.loads(rendered({"value": value})) == {"value": value}


def test_no_data_is_no_body() -> None:
    assert rendered(None) == b""


def test_a_client_may_ask_for_indentation() -> None:
    assert rendered({"a": 1}, "application/json; indent=2") == b'{\n  "a": 1\n}'
