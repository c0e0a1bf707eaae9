"""The log as staff see it: everything can be read, nothing written."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from api_logs.models import APIRequestLog

pytestmark = pytest.mark.django_db

LIST = reverse("admin:api_logs_apirequestlog_changelist")


@pytest.fixture
def row() -> APIRequestLog:
    return APIRequestLog.objects.create(
        endpoint="user_posts",
        target="17",
        price=Decimal("0.001"),
        batch="run-7",
        response_body='{"the": "body"}',
    )


@pytest.mark.usefixtures("row")
@pytest.mark.parametrize(
    "query", ["", "?q=run-7", "?q=17", "?q=user_posts", "?state__exact=started"]
)
def test_rows_are_listed_searched_and_filtered(admin_client: Client, query: str) -> None:
    page = admin_client.get(LIST + query).content.decode()

    assert "user_posts" in page
    assert "0.001" in page


@pytest.mark.usefixtures("row")
def test_a_search_for_something_else_finds_nothing(admin_client: Client) -> None:
    response = admin_client.get(LIST, {"q": "run-8"})

    assert response.context["cl"].result_count == 0


def test_a_row_shows_its_body(admin_client: Client, row: APIRequestLog) -> None:
    page = admin_client.get(reverse("admin:api_logs_apirequestlog_change", args=[row.pk]))

    assert "{&quot;the&quot;: &quot;body&quot;}" in page.content.decode()


@pytest.mark.parametrize("page", ["change", "delete"])
def test_a_row_cannot_be_changed_or_deleted(
    admin_client: Client, row: APIRequestLog, page: str
) -> None:
    address = reverse(f"admin:api_logs_apirequestlog_{page}", args=[row.pk])

    assert admin_client.post(address, {"target": "18"}).status_code == 403


def test_a_row_cannot_be_added(admin_client: Client) -> None:
    assert admin_client.get(reverse("admin:api_logs_apirequestlog_add")).status_code == 403
