"""Clock, edits and reset: changes of the world while it is being served."""

from __future__ import annotations

from typing import Any

import pytest

from lab.simulator.client import ControlError
from lab.simulator.generation import DAY
from lab.simulator.process import SimulatorProcess
from tests.support.simulator_calls import Caller, fetch, post_ids

USER = "v1/fetch_user_info_by_username"


def user(api: Caller, username: str) -> dict[str, Any] | None:
    """Return the profile that the Core API shows under a name."""
    found: dict[str, Any] | None = api.data(USER, username=username)["data"]["user"]
    return found


def test_the_clock_can_be_set(simulator: SimulatorProcess, api: Caller) -> None:
    simulator.control.set_clock(1_800_000_000)

    assert simulator.control.now() in range(1_800_000_000, 1_800_000_010)
    assert api.get(USER, username="plain.case").json["time_stamp"] >= 1_800_000_000


def test_stories_expire_when_a_day_passes(simulator: SimulatorProcess) -> None:
    before = {story["id"] for story in simulator.control.truth()["plain.case"]["stories"]}
    simulator.control.advance_clock(DAY)
    after = {story["id"] for story in simulator.control.truth()["plain.case"]["stories"]}

    assert len(before) == len(after)
    assert not before & after


def test_a_profile_can_change(simulator: SimulatorProcess, api: Caller) -> None:
    changes = {"biography": "Moved to the coast", "follower_count": 7}
    simulator.control.edit("change_profile", username="plain.case", changes=changes)

    seen = user(api, "plain.case")

    assert seen is not None
    assert (seen["biography"], seen["edge_followed_by"]["count"]) == ("Moved to the coast", 7)


def test_a_profile_can_become_private(simulator: SimulatorProcess, api: Caller) -> None:
    changes = {"is_private": True}
    made = simulator.control.edit("change_profile", username="plain.case", changes=changes)

    assert api.get("v1/fetch_user_posts", user_id=made["id"]).status == 400


def test_a_profile_can_change_its_picture(simulator: SimulatorProcess) -> None:
    before = simulator.control.truth()["plain.case"]["picture"]

    made = simulator.control.edit("change_picture", username="plain.case")
    picture = simulator.control.files()["plain.case"][0]

    assert made["name"] != before
    assert (picture["role"], picture["name"]) == ("picture", made["name"])
    assert fetch(picture["url"]).status == 200


def test_a_renamed_profile_keeps_its_id(simulator: SimulatorProcess, api: Caller) -> None:
    made = simulator.control.edit("rename", username="plain.case", new_username="new.name")

    seen = user(api, "new.name")

    assert seen is not None
    assert seen["id"] == made["id"]
    assert user(api, "plain.case") is None


def test_two_profiles_can_swap_their_names(simulator: SimulatorProcess, api: Caller) -> None:
    names = ["plain.case", "empty.case"]
    made = simulator.control.edit("swap_usernames", usernames=names)

    seen = [user(api, name) for name in names]

    assert [found and found["id"] for found in seen] == made["ids"][::-1]


def test_a_deleted_profile_is_missing(simulator: SimulatorProcess, api: Caller) -> None:
    simulator.control.edit("delete_profile", username="two.authors.a")

    assert user(api, "two.authors.a") is None
    assert len(post_ids(simulator, "two.authors.b")) == 5


def test_a_profile_can_be_added(simulator: SimulatorProcess, api: Caller) -> None:
    plan = {"username": "late.comer", "posts": 3, "quirks": ["unknown_item"]}
    made = simulator.control.edit("add_profile", plan=plan)

    items = api.data("v1/fetch_user_posts", user_id=made["id"])["items"]

    assert len(items) == 4


def test_a_post_can_be_added_with_its_file(simulator: SimulatorProcess) -> None:
    made = simulator.control.edit("add_post", username="plain.case", kind="video", caption="New")
    files = [
        file for file in simulator.control.files()["plain.case"] if file["owner_id"] == made["id"]
    ]

    assert post_ids(simulator, "plain.case")[0] == made["id"]
    assert [file["role"] for file in files] == ["cover", "video"]
    assert [fetch(file["url"]).status for file in files] == [200, 200]


def test_a_post_can_be_shared_with_a_coauthor(simulator: SimulatorProcess) -> None:
    made = simulator.control.edit("add_post", username="plain.case", coauthors=["empty.case"])

    assert post_ids(simulator, "empty.case") == [made["id"]]


def test_a_post_can_change(simulator: SimulatorProcess) -> None:
    first = post_ids(simulator, "plain.case")[0]
    simulator.control.edit("change_post", id=first, changes={"caption": "Edited"})

    assert simulator.control.truth()["plain.case"]["posts"][0]["caption"] == "Edited"


def test_a_post_can_be_deleted(simulator: SimulatorProcess, api: Caller) -> None:
    first = post_ids(simulator, "plain.case")[0]
    simulator.control.edit("delete_post", id=first)

    assert first not in post_ids(simulator, "plain.case")
    assert api.get("v1/fetch_post_by_id", post_id=first).status == 400


def test_a_story_can_be_added_with_a_short_lifetime(simulator: SimulatorProcess) -> None:
    details = {"username": "empty.case", "lifetime_seconds": 60}
    made = simulator.control.edit("add_story", **details)
    shown = simulator.control.truth()["empty.case"]["stories"]
    simulator.control.advance_clock(61)

    assert [story["id"] for story in shown] == [made["id"]]
    assert simulator.control.truth()["empty.case"]["stories"] == []


def test_a_story_can_be_withdrawn_early_by_plan(simulator: SimulatorProcess) -> None:
    details = {"username": "empty.case", "withdrawn_after_seconds": 3600}
    made = simulator.control.edit("add_story", **details)
    shown = simulator.control.truth()["empty.case"]["stories"]
    simulator.control.advance_clock(3601)

    assert [story["id"] for story in shown] == [made["id"]]
    assert simulator.control.truth()["empty.case"]["stories"] == []


def test_a_story_can_be_deleted_before_its_expiry(simulator: SimulatorProcess) -> None:
    shown = simulator.control.truth()["plain.case"]["stories"]
    simulator.control.edit("delete_story", id=shown[0]["id"])

    assert simulator.control.truth()["plain.case"]["stories"] == shown[1:]


@pytest.mark.parametrize(
    "edit",
    [
        {"edit": "explode"},
        {"edit": "delete_post", "id": "1"},
        {"edit": "change_profile", "username": "plain.case", "changes": {"identifier": "1"}},
        {"edit": "add_profile", "plan": {"name": "x"}},
        {"edit": "rename", "username": "plain.case"},
    ],
)
def test_an_invalid_edit_is_refused(simulator: SimulatorProcess, edit: dict[str, Any]) -> None:
    with pytest.raises(ControlError):
        simulator.control.edit(**edit)


def test_a_reset_restores_the_world(simulator: SimulatorProcess, api: Caller) -> None:
    before = simulator.control.truth()
    simulator.control.edit("delete_profile", username="plain.case")
    simulator.control.add_fault("form")
    simulator.control.advance_clock(DAY)
    api.get(USER, username="empty.case")

    simulator.control.reset()

    assert simulator.control.truth() == before
    assert simulator.control.faults() == []
    assert simulator.control.stats()["core_api"]["calls"] == 0
