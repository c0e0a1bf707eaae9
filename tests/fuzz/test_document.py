"""No request that the OpenAPI document allows is answered with a server error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus
from itertools import cycle
from typing import Any

import pytest
from django.core.wsgi import get_wsgi_application

from authentication import tokens
from core.users.models import Account
from tests.support import outside
from tests.support.fuzzing import BOUNDED
from tests.support.sources import ROOT

# Loaded only here, because importing it takes a second.
pytest_plugins = ["schemathesis.pytest.plugin"]

SNAPSHOT = ROOT / "tests/snapshots/openapi.json"
HEALTH = "/health/"
OF_NONE = {"405"}
"""Statuses that no operation declares."""

# Together they take a tenth of the quick tests.
pytestmark = [pytest.mark.django_db(databases=["default", "api_log"]), pytest.mark.slow]

schemathesis = outside.require_package("schemathesis")
document = schemathesis.openapi.from_dict(json.loads(SNAPSHOT.read_text()))
document.app = get_wsgi_application()


@pytest.fixture
def signed(account: Account) -> dict[str, str]:
    """The header of an account. All requests of a test share it."""
    return {"Authorization": f"Bearer {tokens.issue(account)['access']}"}


@pytest.fixture
def turns(signed: dict[str, str]) -> Iterator[dict[str, str]]:
    """No header and the header of an account, in turns."""
    return cycle([{}, signed])


@pytest.mark.usefixtures("rows")
@document.parametrize()  # type: ignore[untyped-decorator]  # of a package that may be absent
@BOUNDED
def test_no_request_with_or_without_an_account_is_a_server_error(
    case: Any, turns: Iterator[dict[str, str]], signed: dict[str, str]
) -> None:
    answer = case.call(headers=next(turns))
    if answer.status_code == HTTPStatus.UNAUTHORIZED:  # mostly before the input was read
        answer = case.call(headers=signed)

    assert answer.status_code < 500 or case.path == HEALTH  # its 503 is a report
    named = {*case.operation.definition.raw["responses"]} | OF_NONE
    assert str(answer.status_code) in named, f"{case.method} {case.path}"
