"""Whatever is sent, nothing is our fault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings
from schemathesis import Case

from authentication import tokens
from core.users.models import Account
from tests.support.factories import PostFactory, StoryFactory, StreamFactory

SNAPSHOT = Path(__file__).parent / "snapshots" / "openapi.json"
HEALTH = "/health/"
OF_NONE = {"405"}
"""Statuses that belong to no operation."""
LISTS = ["users", "posts", "stories", "runs", "posts/1/similar", "statistic"]
PARAMETERS = [
    "cursor", "page_size", "ordering", "search", "user", "variant", "state", "page", "format",
]  # fmt: skip

pytestmark = pytest.mark.django_db(databases=["default", "api_log"])
bounded = hypothesis_settings(
    max_examples=6,
    deadline=None,
    derandomize=True,  # the same requests on every machine
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def rows(own_cache: None, settings: Settings) -> Iterator[None]:
    """Something to list; no limits; and the test's transaction survives the end of a request."""
    rates = dict.fromkeys(settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "1000000/min")
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
    StoryFactory.create(user=PostFactory.create().user)
    StreamFactory.create()
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def signed(account: Account) -> dict[str, str]:
    """The header of somebody who is signed in; one of a test is enough for all its requests."""
    return {"Authorization": f"Bearer {tokens.issue(account)['access']}"}


@pytest.fixture
def turns(signed: dict[str, str]) -> Iterator[dict[str, str]]:
    """The headers of a stranger and of an account, in turns."""
    return cycle([{}, signed])


document = schemathesis.openapi.from_dict(json.loads(SNAPSHOT.read_text()))
document.app = get_wsgi_application()


@pytest.mark.usefixtures("rows")
@document.parametrize()
@bounded
def test_neither_a_stranger_nor_an_account_breaks_it(
    case: Case[Any], turns: Iterator[dict[str, str]], signed: dict[str, str]
) -> None:
    answer = case.call(headers=next(turns))
    if answer.status_code == HTTPStatus.UNAUTHORIZED:  # as a rule, unread
        answer = case.call(headers=signed)

    assert answer.status_code < 500 or case.path == HEALTH  # its 503 is a report
    named = {*case.operation.definition.raw["responses"]} | OF_NONE
    assert str(answer.status_code) in named, f"{case.method} {case.path}"


@pytest.mark.usefixtures("rows")
@hypothesis_settings(bounded, max_examples=60)
@given(
    name=st.sampled_from(LISTS),
    query=st.dictionaries(st.sampled_from(PARAMETERS), st.text(max_size=30), max_size=4),
)
def test_no_query_breaks_a_list(name: str, query: dict[str, Any]) -> None:
    printable = {key: value.encode(errors="replace") for key, value in query.items()}

    response = Client().get(f"/instagram/{name}/", printable)

    assert response.status_code in {200, 400, 404}
    assert isinstance(response.json(), dict)


@pytest.mark.usefixtures("rows")
@hypothesis_settings(bounded, max_examples=60)
@given(
    kind=st.sampled_from(["users", "posts", "stories", "runs"]),
    name=st.text(min_size=1, max_size=40).filter(lambda text: "/" not in text),
    method=st.sampled_from(["get", "post", "put", "delete", "options"]),
)
def test_no_id_breaks_a_detail(kind: str, name: str, method: str) -> None:
    quoted = name.encode(errors="replace").decode()

    response = getattr(Client(), method)(f"/instagram/{kind}/{quoted}/")

    assert response.status_code < 500
