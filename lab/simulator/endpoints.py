"""The served paths with their parameters, prices and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lab.simulator import answers
from lab.simulator.answers import Answer
from lab.simulator.envelope import Invalid

MAX_COUNT = 50
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


def _v1(path: str, required: tuple[str, ...], answer: Answer, *optional: str) -> SimulatedEndpoint:
    return SimulatedEndpoint(f"/api/v1/instagram/v1/{path}", 1, required, optional, answer)


def _v2(path: str, required: tuple[str, ...], answer: Answer, *optional: str) -> SimulatedEndpoint:
    return SimulatedEndpoint(f"/api/v1/instagram/v2/{path}", 2, required, optional, answer)


def _v3(path: str, required: tuple[str, ...], answer: Answer, *optional: str) -> SimulatedEndpoint:
    return SimulatedEndpoint(f"/api/v1/instagram/v3/{path}", 2, required, optional, answer)


def _web_app(
    path: str, required: tuple[str, ...], answer: Answer, *optional: str
) -> SimulatedEndpoint:
    return SimulatedEndpoint(f"/api/v1/instagram/web_app/{path}", 1, required, optional, answer)


ENDPOINTS: dict[str, SimulatedEndpoint] = {
    endpoint.path: endpoint
    for endpoint in (
        _v1("fetch_user_info_by_username", NAME, answers.web_user_or_null),
        _v1("fetch_user_info_by_username_v2", NAME, answers.web_user_with_attempts),
        _v1("fetch_user_info_by_username_v3", NAME, answers.private_user_wrapped),
        _v1("fetch_user_info_by_id", ID, answers.web_user_with_status),
        _v1("fetch_user_info_by_id_v2", ID, answers.private_user_wrapped),
        _v1("fetch_user_posts", ID, answers.private_feed, "count", "max_id"),
        _v1("fetch_user_posts_v2", ID, answers.web_feed, "count", "end_cursor"),
        _v1("fetch_user_reels", ID, answers.reels, "count", "max_id"),
        _v1("fetch_post_by_id", ("post_id",), answers.web_post),
        _v2("fetch_user_posts", (), answers.scraper_feed, *EITHER, "pagination_token"),
        _v2("fetch_user_reels", (), answers.scraper_reels, *EITHER, "pagination_token"),
        _v2("fetch_user_stories", (), answers.scraper_stories, *EITHER),
        _v2("fetch_user_highlights", (), answers.scraper_highlights, *EITHER),
        _v2("fetch_highlight_stories", ("highlight_id",), answers.scraper_highlight_stories),
        _v3("get_user_posts", NAME, answers.xdt_feed, "count", "first", "after"),
        _web_app("fetch_user_info_by_username", NAME, answers.web_user),
        _web_app("fetch_user_info_by_username_v2", NAME, answers.private_user),
        _web_app("fetch_user_info_by_username_v3", NAME, answers.private_user_wrapped),
        _web_app("fetch_user_info_by_user_id", ID, answers.web_user),
        _web_app("fetch_user_info_by_user_id_v2", ID, answers.private_user),
        _web_app("fetch_user_posts_by_user_id", ID, answers.web_feed, "count", "end_cursor"),
        _web_app(
            "fetch_user_posts_and_reels_by_user_id", ID, answers.scraper_feed, "pagination_token"
        ),
        _web_app(
            "fetch_user_posts_and_reels_by_username", NAME, answers.scraper_feed, "pagination_token"
        ),
        _web_app("fetch_user_reels_by_user_id", ID, answers.reels, "count", "max_id"),
        _web_app("fetch_user_reels_by_username_v3", NAME, answers.reels, "count", "max_id"),
        _web_app("fetch_user_stories_by_username", NAME, answers.scraper_stories),
        _web_app("fetch_user_highlights_by_username", NAME, answers.scraper_highlights),
        _web_app(
            "fetch_highlights_by_highlight_id", ("highlight_id",), answers.scraper_highlight_stories
        ),
        _web_app("fetch_post_details_by_id", ("post_id",), answers.private_post),
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
