"""The served paths with their parameters, prices and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lab.simulator import answers
from lab.simulator.answers import Answer
from lab.simulator.envelope import Invalid

MAX_COUNT = 50  # a larger `count` is answered with 422
# V3 calls the number of posts `first`, as GraphQL does.
COUNTS = ("count", "first")


@dataclass(frozen=True, slots=True)
class SimulatedEndpoint:
    """One path. `price` is in thousandths of a dollar and is charged if the status is 200."""

    path: str
    price: int
    required: tuple[str, ...]
    optional: tuple[str, ...]
    answer: Answer


NAME, ID, EITHER = ("username",), ("user_id",), ("username", "user_id")
PRICES = {"v1": 1, "v2": 2, "v3": 2, "web_app": 1}


def _endpoint(
    path: str, required: tuple[str, ...], answer: Answer, *optional: str
) -> SimulatedEndpoint:
    price = PRICES[path.partition("/")[0]]
    return SimulatedEndpoint(f"/api/v1/instagram/{path}", price, required, optional, answer)


ENDPOINTS: dict[str, SimulatedEndpoint] = {
    endpoint.path: endpoint
    for endpoint in (
        _endpoint("v1/fetch_user_info_by_username", NAME, answers.web_user_or_null),
        _endpoint("v1/fetch_user_info_by_username_v2", NAME, answers.web_user_with_attempts),
        _endpoint("v1/fetch_user_info_by_username_v3", NAME, answers.private_user_wrapped),
        _endpoint("v1/fetch_user_info_by_id", ID, answers.web_user_with_status),
        _endpoint("v1/fetch_user_info_by_id_v2", ID, answers.private_user_wrapped),
        _endpoint("v1/fetch_user_posts", ID, answers.private_feed, "count", "max_id"),
        _endpoint("v1/fetch_user_posts_v2", ID, answers.web_feed, "count", "end_cursor"),
        _endpoint("v1/fetch_user_reels", ID, answers.reels, "count", "max_id"),
        _endpoint("v1/fetch_post_by_id", ("post_id",), answers.web_post),
        # The provider's specification marks both parameters as optional, although one is required.
        _endpoint("v2/fetch_user_posts", (), answers.scraper_feed, *EITHER, "pagination_token"),
        _endpoint("v2/fetch_user_reels", (), answers.scraper_reels, *EITHER, "pagination_token"),
        _endpoint("v2/fetch_user_stories", (), answers.scraper_stories, *EITHER),
        _endpoint("v2/fetch_user_highlights", (), answers.scraper_highlights, *EITHER),
        _endpoint(
            "v2/fetch_highlight_stories", ("highlight_id",), answers.scraper_highlight_stories
        ),
        _endpoint("v3/get_user_posts", NAME, answers.xdt_feed, "count", "first", "after"),
        # No longer in the provider's documents since V5.3.2, but clients still call these paths.
        _endpoint("web_app/fetch_user_info_by_username", NAME, answers.web_user),
        _endpoint("web_app/fetch_user_info_by_username_v2", NAME, answers.private_user),
        _endpoint("web_app/fetch_user_info_by_username_v3", NAME, answers.private_user_wrapped),
        _endpoint("web_app/fetch_user_info_by_user_id", ID, answers.web_user),
        _endpoint("web_app/fetch_user_info_by_user_id_v2", ID, answers.private_user),
        _endpoint(
            "web_app/fetch_user_posts_by_user_id", ID, answers.web_feed, "count", "end_cursor"
        ),
        _endpoint(
            "web_app/fetch_user_posts_and_reels_by_user_id",
            ID,
            answers.scraper_feed,
            "pagination_token",
        ),
        _endpoint(
            "web_app/fetch_user_posts_and_reels_by_username",
            NAME,
            answers.scraper_feed,
            "pagination_token",
        ),
        _endpoint("web_app/fetch_user_reels_by_user_id", ID, answers.reels, "count", "max_id"),
        _endpoint(
            "web_app/fetch_user_reels_by_username_v3", NAME, answers.reels, "count", "max_id"
        ),
        _endpoint("web_app/fetch_user_stories_by_username", NAME, answers.scraper_stories),
        _endpoint("web_app/fetch_user_highlights_by_username", NAME, answers.scraper_highlights),
        _endpoint(
            "web_app/fetch_highlights_by_highlight_id",
            ("highlight_id",),
            answers.scraper_highlight_stories,
        ),
        _endpoint("web_app/fetch_post_details_by_id", ("post_id",), answers.private_post),
    )
}


def invalid_parameters(endpoint: SimulatedEndpoint, parameters: Mapping[str, str]) -> list[Invalid]:
    """Return every reason to refuse these parameters."""
    missing = [
        Invalid(name, "Field required", "missing")
        for name in endpoint.required
        if name not in parameters
    ]
    counts = [name for name in COUNTS if name in endpoint.optional and name in parameters]
    return missing + [found for name in counts for found in _bad_count(name, parameters[name])]


def _bad_count(name: str, text: str) -> list[Invalid]:
    if not text.lstrip("-").isdecimal():
        return [Invalid(name, "Input should be a valid integer", "int_parsing")]
    if int(text) < 1:
        return [Invalid(name, "Input should be greater than or equal to 1", "greater_than_equal")]
    if int(text) > MAX_COUNT:
        message = f"Input should be less than or equal to {MAX_COUNT}"
        return [Invalid(name, message, "less_than_equal")]
    return []
