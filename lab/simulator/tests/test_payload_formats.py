"""The payload formats: required keys, and only keys that recorded answers contain."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.simulator import worlds
from lab.simulator.entities import SimulatedPost
from lab.simulator.files import Links
from lab.simulator.payload_formats import Payload, View, private, scraper, web, xdt

WORLD = worlds.edges("shapes")
VIEW = View(WORLD, Links("http://cdn.invalid", "shapes", 1_900_000_000))
PLAIN = WORLD.profile_named("plain.case")
CAROUSEL, VIDEO, IMAGE = PLAIN.posts[-1], PLAIN.posts[-2], PLAIN.posts[-3]

Shape = tuple[Callable[[SimulatedPost, View], Payload], set[str]]
POSTS: dict[str, Shape] = {
    "private": (
        private.media,
        {"pk", "id", "code", "taken_at", "media_type", "user", "caption", "like_count"},
    ),
    "scraper": (
        scraper.media,
        {"id", "code", "taken_at", "taken_at_ts", "taken_at_date", "media_name", "thumbnail_url"},
    ),
    "web": (
        web.node,
        {"id", "shortcode", "__typename", "taken_at_timestamp", "display_url", "owner"},
    ),
    "xdt": (xdt.node, {"pk", "code", "taken_at", "media_type", "__typename", "user"}),
}
by_family = pytest.mark.parametrize("family", POSTS)


@by_family
@pytest.mark.parametrize("post", [IMAGE, VIDEO, CAROUSEL], ids=["image", "video", "carousel"])
def test_every_post_has_the_keys_that_make_its_family(family: str, post: SimulatedPost) -> None:
    write, keys = POSTS[family]

    assert keys <= set(write(post, VIEW))


def test_a_private_id_is_joined_with_its_owner_s() -> None:
    assert private.media(IMAGE, VIEW)["id"] == f"{IMAGE.identifier}_{PLAIN.identifier}"


def test_a_scraper_post_has_a_bare_id_and_no_pk() -> None:
    written = scraper.media(IMAGE, VIEW)

    assert written["id"] == IMAGE.identifier
    assert "pk" not in written


def test_a_web_carousel_keeps_its_video() -> None:
    children = web.node(CAROUSEL, VIEW)["edge_sidecar_to_children"]["edges"]

    assert [child["node"]["is_video"] for child in children] == [False, True, False]
    assert [("video_url" in child["node"]) for child in children] == [False, True, False]


def test_an_xdt_node_is_full_of_nulls() -> None:
    node = xdt.node(IMAGE, VIEW)

    assert {key for key, value in node.items() if value is None} > {"display_uri", "carousel_media"}
    assert node["pk"] == IMAGE.identifier


def test_a_video_is_offered_in_two_qualities_of_different_names() -> None:
    best, worse = private.media(VIDEO, VIEW)["video_versions"]

    assert best["width"] > worse["width"]
    assert best["url"].partition("?")[0] != worse["url"].partition("?")[0]


CORPUS = os.environ.get("INSTARCHIVER_CORPUS", "")
recorded = pytest.mark.skipif(not CORPUS, reason="INSTARCHIVER_CORPUS is not set")
OTHER_FOLDERS = {"comments", "errors", "tikhub_envelope"}


def dictionaries(value: Any) -> Iterator[Payload]:
    """Yield every object inside a JSON value, at any depth."""
    if isinstance(value, dict):
        yield value
    for inside in value.values() if isinstance(value, dict) else value:
        if isinstance(inside, dict | list):
            yield from dictionaries(inside)


def recorded_objects(markers: set[str]) -> list[Payload]:
    """Return every recorded object that has all the marker keys."""
    files = [path for path in Path(CORPUS).rglob("*.json") if path.parent.name not in OTHER_FOLDERS]
    return [
        found
        for path in files
        for found in dictionaries(json.loads(path.read_text()))
        if markers <= set(found)
    ]


# Documented keys that no recording contains.
DOCUMENTED = {
    "private": {"timeline_pinned_user_ids", "clips_tab_pinned_user_ids"},
    "scraper": {"taken_at_date", "accessibility_caption"},
    "web": {"coauthor_producers", "pinned_for_users", "video_duration", "has_audio"},
    "profile": {"id", "pk_id", "strong_id__", "has_chaining"},
    "web profile": {"bio_links"},
}
FAMILIES: dict[str, tuple[set[str], list[Payload]]] = {
    "private": (
        {"pk", "media_type", "taken_at", "caption"},
        [private.media(post, VIEW) for post in (IMAGE, VIDEO, CAROUSEL)],
    ),
    "scraper": (
        {"media_name", "taken_at_ts"},
        [scraper.media(post, VIEW) for post in (VIDEO, CAROUSEL)],
    ),
    "web": (
        {"__typename", "edge_media_to_caption"},
        [web.node(post, VIEW) for post in (IMAGE, VIDEO, CAROUSEL)],
    ),
    "profile": ({"follower_count", "pk"}, [private.user(PLAIN, VIEW)]),
    "web profile": ({"edge_followed_by", "biography"}, [web.user(PLAIN, VIEW)]),
}


@recorded
@pytest.mark.parametrize("family", FAMILIES)
def test_no_key_is_invented(family: str) -> None:
    markers, written = FAMILIES[family]
    known = {key for found in recorded_objects(markers) for key in found}

    assert {key for payload in written for key in payload} - known <= DOCUMENTED[family]


@recorded
@pytest.mark.parametrize("family", FAMILIES)
def test_values_have_the_types_of_the_recordings(family: str) -> None:
    markers, written = FAMILIES[family]
    types: dict[str, set[type]] = {}
    for found in recorded_objects(markers):
        for key, value in found.items():
            types.setdefault(key, set()).add(type(value))
    wrong = {
        key: type(value)
        for payload in written
        for key, value in payload.items()
        if key in types and type(value) not in types[key] | {type(None)}
    }

    assert wrong == {}
