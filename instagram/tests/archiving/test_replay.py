"""Replaying the feed of changes rebuilds the tracked values of the database."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from rest_framework.test import APIClient

from instagram.archiving import persist
from instagram.models import ChangeEvent, Highlight, Post, Story, User
from lab.builders import NOW, medium, post, profile, signed
from lab.simulator.client import SimulatorControl
from settings.models import ArchivingSetting
from tests.support.running import archive
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "api_log"])

State = dict[tuple[str, str], dict[str, Any]]
PROFILE = (
    "instagram_id", "username", "full_name", "biography", "is_private", "is_verified",
    "external_url", "bio_links", "availability",
)  # fmt: skip
POST = ("shortcode", "variant", "caption", "location", "post_created_at", "availability")


@pytest.fixture(autouse=True)
def _one_miss_confirms() -> None:
    ArchivingSetting(minutes_between_misses=0, misses_to_confirm=1).save()


def feed(api: APIClient) -> list[dict[str, Any]]:
    """Every change, read over REST once all are settled."""
    wait_until(lambda: ChangeEvent.objects.settled().count() == ChangeEvent.objects.count())
    address, changes = "/instagram/changes/?page_size=7", []
    while address:
        body = api.get(address).json()
        changes += body["results"]
        address = body["next"]
    return changes


def replayed(changes: list[dict[str, Any]]) -> State:
    """The state that the changes give; each `old` must equal the state before it."""
    state: State = {}
    for change in changes:
        known = state.setdefault((change["kind"], change["object_id"]), {})
        for name, values in change["fields"].items():
            assert known.get(name) == values["old"], (change, name)
            known[name] = values["new"]
    return {key: told(known) for key, known in state.items()}


def stored() -> State:
    """The state of the database. Profiles that were only mentioned are not in the feed."""
    described = User.objects.exclude(availability="unknown")
    state: dict[tuple[str, str], dict[str, Any]] = {}
    state |= {("user", str(row.pk)): profile_facts(row) for row in described}
    state |= {("post", row.pk): post_facts(row) for row in Post.objects.all()}
    state |= {("story", row.pk): story_facts(row) for row in Story.objects.all()}
    state |= {("highlight", row.pk): highlight_facts(row) for row in Highlight.objects.all()}
    plain: list[Any] = json.loads(json.dumps([*state.values()], cls=DjangoJSONEncoder))
    return {key: told(facts) for key, facts in zip(state, plain, strict=True)}


def told(facts: dict[str, Any]) -> dict[str, Any]:
    """The values that are neither unknown nor empty."""
    return {name: value for name, value in facts.items() if value not in (None, [])}


def name_of(asset: Any) -> str | None:
    return asset.source_name if asset else None


def facts(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def profile_facts(row: User) -> dict[str, Any]:
    return {**facts(row, PROFILE), "picture": name_of(row.picture)}


def files_of(row: Any) -> dict[str, str | None]:
    return {"image": name_of(row.image), "video": name_of(row.video)}


def post_facts(row: Post) -> dict[str, Any]:
    media = row.media.filter(removed_at=None)
    return {
        **facts(row, POST),
        "owner": row.user.instagram_id,
        "coauthors": sorted(str(each.instagram_id) for each in row.coauthors.all()),
        "media": [{"id": each.instagram_id, **files_of(each)} for each in media],
    }


def story_facts(row: Story) -> dict[str, Any]:
    own = facts(row, ("story_created_at", "expires_at", "availability"))
    return {**own, "owner": row.user.instagram_id, **files_of(row)}


def highlight_facts(row: Highlight) -> dict[str, Any]:
    places = row.items.filter(removed_at=None)
    return {
        **facts(row, ("title", "position", "availability")),
        "cover": name_of(row.cover),
        "stories": [place.story_id for place in places],
    }


@pytest.mark.slow
def test_the_feed_alone_rebuilds_the_archive(provider: SimulatorControl, api: APIClient) -> None:
    archive("plain.case")
    truth = provider.truth()["plain.case"]
    kept, gone = truth["posts"][0]["id"], truth["posts"][4]["id"]
    provider.edit("change_post", id=kept, changes={"caption": "Another caption"})
    provider.edit("delete_post", id=gone)
    provider.edit("delete_story", id=truth["stories"][0]["id"])
    provider.edit("add_post", username="plain.case", caption="A new post")
    provider.edit("change_profile", username="plain.case", changes={"biography": "New"})
    provider.edit("change_picture", username="plain.case")
    provider.edit("rename", username="plain.case", new_username="fancy.case")
    archive("plain.case")
    in_between = stored()
    provider.reset()
    archive("plain.case")

    changes = feed(api)

    assert in_between["post", str(gone)]["availability"] == "deleted"
    assert stored()["post", str(gone)]["availability"] == "live"
    assert {key[0] for key in stored()} == {"user", "post", "story", "highlight"}
    assert replayed(changes) == stored()


@pytest.mark.slow
def test_a_profile_that_was_mentioned_first_is_told_in_full(
    provider: SimulatorControl, api: APIClient
) -> None:
    archive("two.authors.a")
    archive("two.authors.b")

    assert replayed(feed(api)) == stored()


@pytest.mark.slow
def test_a_profile_that_was_missing_at_first_is_told_in_full(
    provider: SimulatorControl, api: APIClient
) -> None:
    ArchivingSetting(minutes_between_misses=0, misses_to_confirm=2).save()
    for _ in range(2):
        archive("unknown.name")
    provider.edit("add_profile", plan={"username": "unknown.name"})
    archive("unknown.name")

    changes = feed(api)

    told = [change["event"] for change in changes if change["kind"] == "user"]
    assert told == ["appeared", "changed", "changed"]
    assert replayed(changes) == stored()


@pytest.mark.slow
def test_a_carousel_that_changes_is_told_in_full(api: APIClient) -> None:
    user = User.objects.create(username="lena.v")
    carousels = [(11, 12, 13), (13, 11), (11, 13), (14,), (11, 12, 13)]

    with transaction.atomic():
        user, _ = persist.profile(user, profile(), now=NOW)
    for children in carousels:
        with transaction.atomic():
            persist.posts(user, [post(1, media=[medium(child) for child in children])], now=NOW)

    assert replayed(feed(api)) == stored()


@pytest.mark.slow
def test_nothing_signed_is_in_the_feed(provider: SimulatorControl, api: APIClient) -> None:
    archive("plain.case")
    archive("two.authors.a")
    provider.edit("change_picture", username="plain.case")
    archive("plain.case", "profile")

    text = json.dumps(feed(api))

    assert signed("x").partition("?")[1] == "?"
    assert [sign for sign in ("oh=", "oe=", "stp=", "/v/", "cdn") if sign in text] == []
