"""Faults: which requests they hit and what the client receives."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import IncompleteRead, RemoteDisconnected
from typing import Any

import pytest

from lab.simulator.client import ControlError
from lab.simulator.process import SimulatorProcess
from tests.support.simulator_calls import Caller, fetch

USER = "v1/fetch_user_info_by_username"


def image(simulator: SimulatorProcess) -> dict[str, Any]:
    return next(file for file in simulator.control.files()["plain.case"] if file["role"] == "image")


def test_a_rule_hits_as_often_as_it_says(simulator: SimulatorProcess, api: Caller) -> None:
    simulator.control.add_fault("form", form="bad_gateway", skip=1, times=2)

    statuses = [api.get(USER, username="plain.case").status for _ in range(4)]

    assert statuses == [200, 502, 502, 200]


def test_a_rule_hits_only_its_path(simulator: SimulatorProcess, api: Caller) -> None:
    simulator.control.add_fault("form", form="bad_gateway", path="stories$")

    assert api.get(USER, username="plain.case").status == 200
    assert api.get("v2/fetch_user_stories", username="plain.case").status == 502


def test_a_rule_hits_only_its_target(simulator: SimulatorProcess, api: Caller) -> None:
    simulator.control.add_fault("form", form="bad_gateway", target="plain.case")

    assert api.get(USER, username="plain.case").status == 502
    assert api.get(USER, username="empty.case").status == 200


def test_rules_count_their_hits(simulator: SimulatorProcess, api: Caller) -> None:
    simulator.control.add_fault("form", times=1)
    simulator.control.add_fault("empty", service="cdn")
    api.get(USER, username="plain.case")
    api.get(USER, username="plain.case")
    fetch(image(simulator)["url"])

    assert [(rule["seen"], rule["hits"]) for rule in simulator.control.faults()] == [(2, 1), (1, 1)]


def test_everything_works_again_after_clearing(simulator: SimulatorProcess, api: Caller) -> None:
    simulator.control.add_fault("form")
    simulator.control.add_fault("empty", service="cdn")
    simulator.control.clear_faults()

    assert api.get(USER, username="plain.case").status == 200
    assert len(fetch(image(simulator)["url"]).body) > 0
    assert simulator.control.faults() == []


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "earthquake"},
        {"kind": "form", "form": "?"},
        {"kind": "reset", "often": 3},
        {"kind": "reset", "service": "dns"},
        {"kind": "reset", "path": "("},
    ],
)
def test_an_invalid_rule_is_refused(simulator: SimulatorProcess, rule: dict[str, Any]) -> None:
    with pytest.raises(ControlError):
        simulator.control.add_fault(**rule)


def ask_core_api(simulator: SimulatorProcess) -> bytes:
    return Caller(simulator.core_api_url, simulator.token).get(USER, username="plain.case").body


def ask_cdn(simulator: SimulatorProcess) -> bytes:
    return fetch(image(simulator)["url"]).body


both = pytest.mark.parametrize(
    ("service", "ask"), [("core_api", ask_core_api), ("cdn", ask_cdn)], ids=["core_api", "cdn"]
)
Ask = Callable[[SimulatorProcess], bytes]


@both
def test_a_connection_can_be_reset(simulator: SimulatorProcess, service: str, ask: Ask) -> None:
    simulator.control.add_fault("reset", service=service)

    with pytest.raises((ConnectionResetError, RemoteDisconnected)):
        ask(simulator)


@both
def test_a_body_can_be_cut_off(simulator: SimulatorProcess, service: str, ask: Ask) -> None:
    simulator.control.add_fault("truncate", service=service, bytes=100)

    with pytest.raises(IncompleteRead) as caught:
        ask(simulator)

    assert len(caught.value.partial) == 100


@pytest.mark.slow
@both
def test_an_answer_can_be_late(simulator: SimulatorProcess, service: str, ask: Ask) -> None:
    simulator.control.add_fault("delay", service=service, seconds=0.3)
    started = time.perf_counter()

    body = ask(simulator)

    assert time.perf_counter() - started >= 0.3
    assert body


@pytest.mark.slow
@both
def test_an_answer_after_a_reset_is_not_counted(
    simulator: SimulatorProcess, service: str, ask: Ask
) -> None:
    simulator.control.add_fault("delay", service=service, seconds=1)

    with ThreadPoolExecutor(1) as threads:
        asking = threads.submit(ask, simulator)
        while not simulator.control.faults()[0]["hits"]:
            assert not asking.done()
        simulator.control.reset()

    assert not simulator.control.stats()[service]["by_status"]


@pytest.mark.slow
@both
def test_a_body_can_come_in_drops(simulator: SimulatorProcess, service: str, ask: Ask) -> None:
    whole = ask(simulator)
    drop = len(whole) // 3
    simulator.control.add_fault("drip", service=service, bytes=drop, seconds=0.1)
    started = time.perf_counter()

    dripped = ask(simulator)

    assert len(dripped) == len(whole)
    assert time.perf_counter() - started >= 0.2  # at least two pauses between three chunks


@both
def test_a_body_can_be_empty(simulator: SimulatorProcess, service: str, ask: Ask) -> None:
    simulator.control.add_fault("empty", service=service)

    assert ask(simulator) == b""


def test_a_file_can_come_under_another_type(simulator: SimulatorProcess) -> None:
    file = image(simulator)
    simulator.control.add_fault("wrong_type", service="cdn", content_type="text/html")

    answer = fetch(file["url"])

    assert answer.headers["Content-Type"] == "text/html"
    assert len(answer.body) == file["size"]


def test_a_page_can_be_sent_in_place_of_a_file(simulator: SimulatorProcess) -> None:
    page = {"status": 200, "body": "<html>hi</html>", "content_type": "image/jpeg"}
    simulator.control.add_fault("status", service="cdn", **page)

    assert fetch(image(simulator)["url"]).body == b"<html>hi</html>"


def test_a_length_can_be_left_out(simulator: SimulatorProcess) -> None:
    file = image(simulator)
    simulator.control.add_fault("chunked", service="cdn")

    answer = fetch(file["url"])

    assert "Content-Length" not in answer.headers
    assert len(answer.body) == file["size"]


@pytest.mark.slow
def test_a_redirect_can_lead_to_a_private_address(simulator: SimulatorProcess) -> None:
    private = "http://10.0.0.1/secret"
    simulator.control.add_fault("redirect", service="cdn", location=private)

    answer = fetch(image(simulator)["url"])

    assert (answer.status, answer.headers["Location"]) == (302, private)


def test_a_redirect_can_lead_to_itself(simulator: SimulatorProcess) -> None:
    simulator.control.add_fault("redirect_loop", service="cdn")
    url = image(simulator)["url"]

    answer = fetch(url)

    assert simulator.cdn_url + answer.headers["Location"] == url


@pytest.mark.slow
def test_a_file_can_be_the_target_of_a_rule(simulator: SimulatorProcess) -> None:
    first, second = simulator.control.files()["plain.case"][:2]
    simulator.control.add_fault("status", service="cdn", target=first["name"], status=503)

    assert [fetch(file["url"]).status for file in (first, second)] == [503, 200]


@pytest.mark.slow
@pytest.mark.parametrize("layers", [1, 2])
def test_a_file_can_come_encoded(simulator: SimulatorProcess, layers: int) -> None:
    file = image(simulator)
    simulator.control.add_fault("encoded", service="cdn", layers=layers)

    answer = fetch(file["url"])

    body = answer.body
    for _ in range(layers):
        body = gzip.decompress(body)
    assert answer.headers["Content-Encoding"] == ", ".join(["gzip"] * layers)
    assert len(body) == file["size"]


@pytest.mark.slow
def test_headers_can_drip(simulator: SimulatorProcess) -> None:
    file = image(simulator)
    simulator.control.add_fault("drip_headers", service="cdn", bytes=20, seconds=0.05)
    started = time.perf_counter()

    answer = fetch(file["url"])

    assert len(answer.body) == file["size"]
    assert time.perf_counter() - started > 0.2


def test_a_carousel_can_have_fewer_children_than_it_counts(
    simulator: SimulatorProcess, api: Caller
) -> None:
    user_id = simulator.control.truth()["plain.case"]["id"]
    simulator.control.add_fault("short_list")

    items = api.get("v1/fetch_user_posts", user_id=user_id).json["data"]["items"]

    carousels = [item for item in items if item.get("carousel_media")]
    assert carousels
    assert all(len(item["carousel_media"]) < item["carousel_media_count"] for item in carousels)


def test_videos_can_come_without_their_addresses(simulator: SimulatorProcess, api: Caller) -> None:
    user_id = simulator.control.truth()["plain.case"]["id"]
    simulator.control.add_fault("late_video")

    items = api.get("v1/fetch_user_posts", user_id=user_id).json["data"]["items"]

    assert 2 in {item["media_type"] for item in items}
    assert not any("video_versions" in item for item in items)


def test_times_can_be_in_milliseconds(simulator: SimulatorProcess, api: Caller) -> None:
    user_id = simulator.control.truth()["plain.case"]["id"]
    simulator.control.add_fault("milliseconds")

    items = api.get("v1/fetch_user_posts", user_id=user_id).json["data"]["items"]

    assert all(item["taken_at"] > 10**12 for item in items)
