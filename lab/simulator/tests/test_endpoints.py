"""The payloads: each path in its shape, and the same facts in all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lab.simulator.endpoints import ENDPOINTS
from lab.simulator.payload_formats.xdt import CONNECTION
from lab.simulator.process import SimulatorProcess
from tests.support.simulator_calls import Caller, identifier_of, nodes, post_ids

PATHS = [path.removeprefix("/api/v1/instagram/") for path in ENDPOINTS]


@pytest.mark.parametrize("path", PATHS)
def test_every_path_answers(simulator: SimulatorProcess, api: Caller, path: str) -> None:
    plain = simulator.control.truth()["plain.case"]
    known = {
        "username": "plain.case",
        "user_id": plain["id"],
        "post_id": plain["posts"][0]["id"],
        "highlight_id": plain["highlights"][0]["id"],
    }
    endpoint = ENDPOINTS[f"/api/v1/instagram/{path}"]
    parameters = {
        name: known[name] for name in (*endpoint.required, *endpoint.optional) if name in known
    }

    assert api.get(path, **parameters).status == 200


PROFILES: dict[str, Callable[[Any], Any]] = {
    "v1/fetch_user_info_by_username": lambda data: data["data"]["user"],
    "v1/fetch_user_info_by_username_v2": lambda data: data["data"]["user"],
    "v1/fetch_user_info_by_username_v3": lambda data: data["user"],
    "web_app/fetch_user_info_by_username": lambda data: data,
    "web_app/fetch_user_info_by_username_v2": lambda data: data,
    "web_app/fetch_user_info_by_username_v3": lambda data: data["user"],
}


@pytest.mark.parametrize("path", PROFILES)
def test_every_profile_path_returns_the_same_profile(
    simulator: SimulatorProcess, api: Caller, path: str
) -> None:
    truth = simulator.control.truth()["plain.case"]

    user = PROFILES[path](api.data(path, username="plain.case"))

    assert (user["id"], user["biography"]) == (truth["id"], truth["biography"])
    assert truth["follower_count"] in (
        user.get("follower_count"),
        user.get("edge_followed_by", {}).get("count"),
    )


def test_profiles_by_id_come_in_web_and_private_shape(
    simulator: SimulatorProcess, api: Caller
) -> None:
    user_id = identifier_of(simulator, "plain.case")

    web = api.data("v1/fetch_user_info_by_id", user_id=user_id)
    private = api.data("v1/fetch_user_info_by_id_v2", user_id=user_id)["user"]

    assert web["edge_followed_by"]["count"] == private["follower_count"]


def test_usernames_ignore_case(api: Caller) -> None:
    data = api.data("v1/fetch_user_info_by_username", username="PLAIN.case")

    assert data["data"]["user"]["username"] == "plain.case"


MISSING: dict[str, Any] = {
    "v1/fetch_user_info_by_username": {"data": {"user": None}, "status": "ok"},
    "v1/fetch_user_info_by_username_v2": {
        "status": False,
        "errorMessage": "User not found",
        "attempts": 3,
    },
}


@pytest.mark.parametrize("path", MISSING)
def test_a_missing_account_is_a_success_without_user(api: Caller, path: str) -> None:
    assert api.data(path, username="nobody.here") == MISSING[path]


def test_a_missing_account_is_a_generic_400_elsewhere(api: Caller) -> None:
    answer = api.get("v1/fetch_user_info_by_username_v3", username="nobody.here")

    assert answer.status == 400
    assert answer.json["detail"]["message"] == "Request failed. Please retry."


def test_a_private_account_shows_itself_and_no_posts(
    simulator: SimulatorProcess, api: Caller
) -> None:
    user_id = identifier_of(simulator, "private.case")
    user = api.data("v1/fetch_user_info_by_id", user_id=user_id)

    assert user["is_private"] is True
    assert user["edge_owner_to_timeline_media"]["edges"] == []
    assert api.get("v1/fetch_user_posts", user_id=user_id).status == 400


def test_an_empty_account_has_an_empty_feed(simulator: SimulatorProcess, api: Caller) -> None:
    feed = api.data("v1/fetch_user_posts", user_id=identifier_of(simulator, "empty.case"))

    assert (feed["items"], feed["more_available"]) == ([], False)
    assert "next_max_id" not in feed


def private_page(api: Caller, user_id: str, cursor: str) -> tuple[list[str], str]:
    more = {"max_id": cursor} if cursor else {}
    data = api.data("v1/fetch_user_posts", user_id=user_id, count=7, **more)
    return [str(item["pk"]) for item in data["items"]], data.get("next_max_id") or ""


def graphql_page(api: Caller, user_id: str, cursor: str) -> tuple[list[str], str]:
    more = {"end_cursor": cursor} if cursor else {}
    data = api.data("v1/fetch_user_posts_v2", user_id=user_id, count=7, **more)
    connection = data["data"]["user"]["edge_owner_to_timeline_media"]
    return [node["id"] for node in nodes(connection)], connection["page_info"]["end_cursor"]


def scraper_page(api: Caller, user_id: str, cursor: str) -> tuple[list[str], str]:
    more = {"pagination_token": cursor} if cursor else {}
    data = api.data("v2/fetch_user_posts", user_id=user_id, **more)
    return [item["id"] for item in data["data"]["items"]], data["pagination_token"] or ""


def xdt_page(api: Caller, _user_id: str, cursor: str) -> tuple[list[str], str]:
    more = {"after": cursor} if cursor else {}
    data = api.data("v3/get_user_posts", username="pinned.case", count=7, **more)
    connection = data["data"][CONNECTION]
    return [node["pk"] for node in nodes(connection)], connection["page_info"]["end_cursor"] or ""


@pytest.mark.parametrize("turn", [private_page, graphql_page, scraper_page, xdt_page])
def test_every_family_pages_through_all_posts_in_order(
    simulator: SimulatorProcess,
    api: Caller,
    turn: Callable[[Caller, str, str], tuple[list[str], str]],
) -> None:
    user_id = identifier_of(simulator, "pinned.case")
    seen, cursor = turn(api, user_id, "")
    while cursor:
        page, cursor = turn(api, user_id, cursor)
        seen += page

    assert seen == post_ids(simulator, "pinned.case")


@pytest.mark.slow
def test_a_page_survives_the_deletion_of_the_post_its_cursor_names(
    simulator: SimulatorProcess, api: Caller
) -> None:
    user_id = identifier_of(simulator, "plain.case")
    expected = post_ids(simulator, "plain.case")
    first, cursor = private_page(api, user_id, "")
    simulator.control.edit("delete_post", id=first[-1])

    second, _ = private_page(api, user_id, cursor)

    assert second == expected[7:14]


def test_a_repeating_cursor_never_ends(simulator: SimulatorProcess, api: Caller) -> None:
    user_id = identifier_of(simulator, "repeating.cursor")
    _, first = private_page(api, user_id, "")

    second_page, second = private_page(api, user_id, first)
    third_page, third = private_page(api, user_id, second)

    assert first == second == third
    assert second_page == third_page


def test_an_empty_page_in_the_middle_has_a_cursor(simulator: SimulatorProcess, api: Caller) -> None:
    user_id = identifier_of(simulator, "empty.page")
    first_page, cursor = private_page(api, user_id, "")
    empty, cursor = private_page(api, user_id, cursor)
    third_page, _ = private_page(api, user_id, cursor)

    assert (len(first_page), empty) == (7, [])
    assert first_page + third_page == post_ids(simulator, "empty.page")[:14]


def test_short_pages_show_fewer_posts_than_asked_for(
    simulator: SimulatorProcess, api: Caller
) -> None:
    plan = {"username": "short.pages", "posts": 16, "quirks": ["short_pages"]}
    user_id = simulator.control.edit("add_profile", plan=plan)["id"]

    first = api.data("v1/fetch_user_posts", user_id=user_id, count=50)
    cursor = first["next_max_id"]
    second = api.data("v1/fetch_user_posts", user_id=user_id, count=50, max_id=cursor)

    assert [len(page["items"]) for page in (first, second)] == [7, 7]
    assert second["more_available"]


def test_an_unknown_item_stands_among_good_ones(simulator: SimulatorProcess, api: Caller) -> None:
    user_id = identifier_of(simulator, "unknown.item")

    items = api.data("v1/fetch_user_posts", user_id=user_id)["items"]

    assert [position for position, item in enumerate(items) if "pk" not in item] == [2]
    assert len(items) == 11


def test_a_post_without_caption_is_null_or_has_no_edges(
    simulator: SimulatorProcess, api: Caller
) -> None:
    plain = simulator.control.truth()["plain.case"]
    silent = next(post["id"] for post in plain["posts"] if post["caption"] is None)

    private = api.data("web_app/fetch_post_details_by_id", post_id=silent)["items"][0]
    web = api.data("v1/fetch_post_by_id", post_id=silent)["shortcode_media"]

    assert private["caption"] is None
    assert web["edge_media_to_caption"]["edges"] == []


def test_hidden_likes_are_written_in_each_family_s_way(
    simulator: SimulatorProcess, api: Caller
) -> None:
    plain = simulator.control.truth()["plain.case"]
    hidden = next(post["id"] for post in plain["posts"] if post["like_count"] is None)

    private = api.data("web_app/fetch_post_details_by_id", post_id=hidden)["items"][0]
    web = api.data("v1/fetch_post_by_id", post_id=hidden)["shortcode_media"]

    assert private["like_and_view_counts_disabled"] is True
    assert web["edge_media_preview_like"]["count"] == -1


def test_a_shared_post_names_its_owner_and_its_coauthor(
    simulator: SimulatorProcess, api: Caller
) -> None:
    truth = simulator.control.truth()
    shared = next(post for post in truth["two.authors.b"]["posts"] if post["coauthor_ids"])

    item = api.data("web_app/fetch_post_details_by_id", post_id=shared["id"])["items"][0]

    assert item["user"]["username"] == "two.authors.a"
    assert [author["username"] for author in item["coauthor_producers"]] == ["two.authors.b"]


def test_numbers_and_texts_are_mixed_as_ids(simulator: SimulatorProcess, api: Caller) -> None:
    user_id = identifier_of(simulator, "plain.case")

    items = api.data("v1/fetch_user_posts", user_id=user_id, count=50)["items"]

    assert {type(item["pk"]) for item in items} == {int, str}


def test_a_large_number_is_written_exactly(simulator: SimulatorProcess, api: Caller) -> None:
    user_id = identifier_of(simulator, "big.number.case")

    web = api.data("v1/fetch_user_info_by_id", user_id=user_id)

    assert int(user_id) > 2**53
    assert web["id"] == user_id


def test_a_carousel_keeps_its_order_and_its_videos(
    simulator: SimulatorProcess, api: Caller
) -> None:
    mixed = next(
        post
        for post in simulator.control.truth()["plain.case"]["posts"]
        if post["caption"] == "Mixed"
    )

    item = api.data("web_app/fetch_post_details_by_id", post_id=mixed["id"])["items"][0]

    assert [str(child["pk"]) for child in item["carousel_media"]] == [
        medium["id"] for medium in mixed["media"]
    ]
    assert [child["media_type"] for child in item["carousel_media"]] == [1, 2, 1]


def test_stories_carry_their_times(simulator: SimulatorProcess, api: Caller) -> None:
    items = api.data("v2/fetch_user_stories", username="story.hours")["data"]["items"]
    now = simulator.control.now()

    assert len(items) == 8
    assert all(item["taken_at"] <= now < item["expiring_at"] for item in items)
    assert all(item["taken_at_date"].endswith("+00:00") for item in items)


def test_a_highlight_is_found_with_and_without_prefix(api: Caller) -> None:
    tray = api.data("v2/fetch_user_highlights", username="plain.case")["data"]["items"]
    prefixed = tray[0]["id"]

    with_prefix = api.data("v2/fetch_highlight_stories", highlight_id=prefixed)
    bare = api.data("v2/fetch_highlight_stories", highlight_id=prefixed.split(":")[1])

    assert prefixed.startswith("highlight:")
    assert with_prefix["data"]["count"] == bare["data"]["count"] == tray[0]["media_count"]


def test_reels_are_the_single_videos(simulator: SimulatorProcess, api: Caller) -> None:
    plain = simulator.control.truth()["plain.case"]
    videos = [
        post["id"]
        for post in plain["posts"]
        if len(post["media"]) == 1 and post["media"][0]["video"]
    ]

    data = api.data("v1/fetch_user_reels", user_id=plain["id"], count=50)

    assert [str(item["media"]["pk"]) for item in data["items"]] == videos
    assert data["paging_info"]["more_available"] is False
