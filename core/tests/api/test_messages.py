"""What is wrong with an input is told in one shape, however deep it lies."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.exceptions import ValidationError

from core.api.errors import exception_response


@pytest.mark.parametrize(
    ("detail", "told"),
    [
        ("wrong", {"non_field_errors": ["wrong"]}),
        (["wrong"], {"non_field_errors": ["wrong"]}),
        ({"name": "wrong"}, {"name": ["wrong"]}),
        ({"streams": {0: ["no stream"], 2: ["nor this"]}}, {"streams": ["no stream", "nor this"]}),
        ({"parts": [{}, {"name": ["wrong"]}]}, {"parts": ["wrong"]}),
    ],
)
def test_every_field_has_a_list_of_texts(detail: Any, told: dict[str, list[str]]) -> None:
    response = exception_response(ValidationError(detail), {})

    assert response is not None
    assert response.data == told
