"""The client over real HTTP: what callers get, what the log keeps, what is never written."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
import stamina

from core.tests import odd_server
from core.tests.odd_server import OddServer, answering
from core.utils.core_api import Endpoint, make_request

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "api_log"])

TOKEN = "tk/Ab9+secret=="
ENDPOINT = Endpoint("user_posts", "/api/v1/instagram/v1/fetch_user_posts", Decimal("0.001"))
FINE = answering('{"code": 200, "data": {"items": []}}', x_request_id="theirs-1")


@pytest.fixture
def server(settings) -> Iterator[OddServer]:
    with odd_server.odd_server() as running, stamina.set_testing(True, attempts=3):
        settings.CORE_API_URL, settings.CORE_API_TOKEN = running.url, TOKEN
        yield running


def call() -> object:
    return make_request(ENDPOINT, {"user_id": "1"}, target="1")


def test_the_payload_is_the_envelopes_data(server):
    server.will(FINE)

    assert call() == {"items": []}
    assert server.tokens == [f"Bearer {TOKEN}"]
