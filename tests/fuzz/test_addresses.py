"""No request to an address is answered with a server error."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.support.fuzzing import BOUNDED

LISTS = ["users", "posts", "stories", "runs", "posts/1/similar", "statistic"]
PARAMETERS = [
    "cursor", "page_size", "ordering", "search", "user", "variant", "state", "page", "format",
]  # fmt: skip

pytestmark = [
    pytest.mark.django_db(databases=["default", "api_log"]),
    pytest.mark.usefixtures("rows"),
    pytest.mark.slow,
]


@hypothesis_settings(BOUNDED, max_examples=60)
@given(
    name=st.sampled_from(LISTS),
    query=st.dictionaries(st.sampled_from(PARAMETERS), st.text(max_size=30), max_size=4),
)
def test_no_query_breaks_a_list(name: str, query: dict[str, Any]) -> None:
    printable = {key: value.encode(errors="replace") for key, value in query.items()}

    response = Client().get(f"/instagram/{name}/", printable)

    assert response.status_code in {200, 400, 404}
    assert isinstance(response.json(), dict)


@hypothesis_settings(BOUNDED, max_examples=60)
@given(
    kind=st.sampled_from(["users", "posts", "stories", "runs"]),
    name=st.text(min_size=1, max_size=40).filter(lambda text: "/" not in text),
    method=st.sampled_from(["get", "post", "put", "delete", "options"]),
)
def test_no_id_breaks_a_detail(kind: str, name: str, method: str) -> None:
    quoted = name.encode(errors="replace").decode()

    response = getattr(Client(), method)(f"/instagram/{kind}/{quoted}/")

    assert response.status_code < 500
