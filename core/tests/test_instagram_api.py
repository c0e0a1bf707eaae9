"""Which endpoints are called, in which order and with which parameters."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from api_logs.models import APIRequestLog
from core.utils import errors, instagram_api
from core.utils.answers import Payload
from tests.support.odd_server import OddServer, Reply, answering

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "api_log"])

V1, V2 = "/api/v1/instagram/v1", "/api/v1/instagram/v2"
FINE = answering('{"code": 200, "data": {"status": "ok"}}')
MISSED = answering('{"detail": {"code": 400}}', 400)
REMOVED = answering('{"detail": "Not Found"}', 404)
BROKEN = answering("<html>", 502)


@pytest.mark.parametrize(
    ("fetch", "request_line", "price"),
    [
        (
            lambda: instagram_api.fetch_user_info_by_username("a.b_1"),
            f"{V1}/fetch_user_info_by_username?username=a.b_1",
            "0.001",
        ),
        (
            lambda: instagram_api.fetch_user_info_by_username_v2("a.b_1"),
            f"{V1}/fetch_user_info_by_username_v2?username=a.b_1",
            "0.001",
        ),
        (
            lambda: instagram_api.fetch_user_info_by_user_id("17"),
            f"{V1}/fetch_user_info_by_id?user_id=17",
            "0.001",
        ),
        (
            lambda: instagram_api.fetch_user_posts("17"),
            f"{V1}/fetch_user_posts?user_id=17&count=50",
            "0.001",
        ),
        (
            lambda: instagram_api.fetch_user_posts("17", "3_17", count=12),
            f"{V1}/fetch_user_posts?user_id=17&count=12&max_id=3_17",
            "0.001",
        ),
        (
            lambda: instagram_api.fetch_post_by_id("3"),
            f"{V1}/fetch_post_by_id?post_id=3",
            "0.001",
        ),
        (
            lambda: instagram_api.fetch_user_reels("17", "c=="),
            f"{V1}/fetch_user_reels?user_id=17&count=50&max_id=c%3D%3D",
            "0.001",
        ),
        (
            lambda: instagram_api.fetch_user_stories_by_username("a.b_1"),
            f"{V2}/fetch_user_stories?username=a.b_1",
            "0.002",
        ),
        (
            lambda: instagram_api.fetch_user_highlights("17"),
            f"{V2}/fetch_user_highlights?user_id=17",
            "0.002",
        ),
        (
            lambda: instagram_api.fetch_highlight_stories("highlight:9"),
            f"{V2}/fetch_highlight_stories?highlight_id=highlight%3A9",
            "0.002",
        ),
    ],
)
def test_each_function_asks_its_endpoint(
    server: OddServer, fetch: Callable[[], Payload], request_line: str, price: str
) -> None:
    server.will(FINE)

    assert fetch() == {"status": "ok"}
    assert server.requests == [request_line]
    assert APIRequestLog.objects.get().price == Decimal(price)


@pytest.mark.parametrize("failing", [MISSED, REMOVED])
def test_the_next_profile_endpoint_is_called_if_one_cannot_answer(
    server: OddServer, failing: Reply
) -> None:
    server.will(failing, failing, FINE)

    assert instagram_api.fetch_user_info_by_username("someone") == {"status": "ok"}
    assert [line.split("?")[0] for line in server.requests] == [
        f"{V1}/fetch_user_info_by_username",
        f"{V1}/fetch_user_info_by_username_v2",
        f"{V1}/fetch_user_info_by_username_v3",
    ]


def test_the_profile_by_id_has_a_second_endpoint(server: OddServer) -> None:
    server.will(MISSED, FINE)

    instagram_api.fetch_user_info_by_user_id("17")

    assert server.requests[1] == f"{V1}/fetch_user_info_by_id_v2?user_id=17"


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ('{"data": {"user": null, "status": "ok"}}', 200, errors.NoSuchProfile),
        (
            '{"status": "fail", "message": "Not authorized to view user"}',
            400,
            errors.PrivateProfile,
        ),
        ('{"detail": {"code": 401}}', 401, errors.Unauthorized),
        ('{"detail": {"code": 402}}', 402, errors.NoCredit),
    ],
)
def test_an_error_that_applies_to_all_endpoints_is_not_retried_elsewhere(
    server: OddServer, body: str, status: int, error: type[errors.CoreAPIError]
) -> None:
    server.will(answering(body, status))

    with pytest.raises(error):
        instagram_api.fetch_user_info_by_username("someone")
    assert len(server.requests) == 1


def test_a_rate_limit_is_not_evaded_through_other_endpoints(server: OddServer) -> None:
    server.will(answering('{"detail": {"code": 429}}', 429, Retry_After="60"))

    with pytest.raises(errors.RateLimited):
        instagram_api.fetch_user_info_by_username("someone")
    assert len(server.requests) == 1


@pytest.mark.slow
def test_of_several_errors_the_retryable_one_is_raised(server: OddServer) -> None:
    server.will(MISSED, BROKEN, BROKEN, BROKEN, REMOVED)

    with pytest.raises(errors.Transient):
        instagram_api.fetch_user_info_by_username("someone")


def test_a_slow_failure_leaves_no_time_for_the_next_endpoint(server: OddServer) -> None:
    server.will(MISSED)

    with pytest.raises(errors.NotAvailable):
        instagram_api._first_answer(
            ("user_by_id", "user_by_id_v2"), {"user_id": "17"}, patience=0.0
        )
    assert len(server.requests) == 1


@pytest.mark.slow
def test_otherwise_the_error_of_the_preferred_endpoint_is_raised(server: OddServer) -> None:
    server.will(MISSED, REMOVED, REMOVED)

    with pytest.raises(errors.NotAvailable):
        instagram_api.fetch_user_info_by_username("someone")


@pytest.mark.parametrize(
    "fetch",
    [
        lambda: instagram_api.fetch_user_info_by_username("@someone"),
        lambda: instagram_api.fetch_user_info_by_username(""),
        lambda: instagram_api.fetch_user_info_by_username("a" * 31),
        lambda: instagram_api.fetch_user_info_by_username_v2("a b"),
        lambda: instagram_api.fetch_user_info_by_user_id("17_4"),
        lambda: instagram_api.fetch_user_posts("x"),
        lambda: instagram_api.fetch_user_posts("17", count=51),
        lambda: instagram_api.fetch_user_posts("17", count=0),
        lambda: instagram_api.fetch_post_by_id("3_17"),
        lambda: instagram_api.fetch_user_stories_by_username("../x"),
        lambda: instagram_api.fetch_highlight_stories("lowlight:9"),
        lambda: instagram_api.fetch_user_highlights("\u0661"),
    ],
)
def test_an_invalid_parameter_is_rejected_before_any_request(
    server: OddServer, fetch: Callable[[], Payload]
) -> None:
    with pytest.raises(errors.BadRequest):
        fetch()
    assert server.requests == []


def test_names_of_endpoints_fit_their_column() -> None:
    longest = APIRequestLog._meta.get_field("endpoint").max_length

    assert longest is not None
    assert all(len(name) <= longest for name in instagram_api.ENDPOINTS)
