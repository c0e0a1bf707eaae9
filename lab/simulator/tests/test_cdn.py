"""The CDN: signatures, ranges, and files that match the manifest."""

from __future__ import annotations

import hashlib
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request

import av
import pytest
from PIL import Image

from lab.simulator import process
from lab.simulator.process import SimulatorProcess
from tests.support.simulator_calls import OPENER, Caller, cdn_process, fetch, identifier_of


def wanted(simulator: SimulatorProcess, role: str, username: str = "plain.case") -> dict[str, Any]:
    files = simulator.control.files()[username]
    return next(file for file in files if file["role"] == role)


@pytest.mark.slow
def test_every_file_is_what_the_manifest_says(simulator: SimulatorProcess) -> None:
    files = simulator.control.files()["plain.case"]

    served = [hashlib.sha256(fetch(file["url"]).body).hexdigest() for file in files]

    assert served == [file["sha256"] for file in files]


def test_the_payload_s_largest_picture_is_the_wanted_one(
    simulator: SimulatorProcess, api: Caller
) -> None:
    user_id = identifier_of(simulator, "plain.case")
    names = {file["name"] for file in simulator.control.files()["plain.case"]}

    items = api.data("v1/fetch_user_posts", user_id=user_id, count=50)["items"]
    single = [item for item in items if "image_versions2" in item]
    largest = [item["image_versions2"]["candidates"][0]["url"] for item in single]

    assert {urlsplit(url).path.rpartition("/")[2] for url in largest} <= names


def test_the_sizes_of_a_picture_share_their_path(simulator: SimulatorProcess, api: Caller) -> None:
    user_id = identifier_of(simulator, "plain.case")
    item = api.data("v1/fetch_user_posts", user_id=user_id)["items"][1]

    urls = [urlsplit(size["url"]) for size in item["image_versions2"]["candidates"]]

    assert len({url.path for url in urls}) == 1
    assert len({parse_qs(url.query)["stp"][0] for url in urls}) == len(urls) == 4


def test_a_picture_decodes_in_the_announced_size(simulator: SimulatorProcess, api: Caller) -> None:
    user_id = identifier_of(simulator, "plain.case")
    items = api.data("v1/fetch_user_posts", user_id=user_id)["items"]
    item = next(item for item in items if item["media_type"] == 1)

    body = fetch(item["image_versions2"]["candidates"][0]["url"]).body
    with Image.open(io.BytesIO(body)) as image:
        image.load()

    assert image.format == "JPEG"
    assert image.size == (item["original_width"], item["original_height"])


def test_a_video_decodes_in_the_announced_size_and_length(
    simulator: SimulatorProcess, api: Caller
) -> None:
    user_id = identifier_of(simulator, "plain.case")
    reel = api.data("v1/fetch_user_reels", user_id=user_id)["items"][0]["media"]
    best = reel["video_versions"][0]

    with av.open(io.BytesIO(fetch(best["url"]).body), "r") as container:
        stream = container.streams.video[0]
        frames = [frame.width for frame in container.decode(stream)]

    assert (stream.width, stream.height) == (best["width"], best["height"])
    assert len(frames) == reel["video_duration"] * 12


def test_pictures_weigh_about_150_kilobytes(simulator: SimulatorProcess) -> None:
    files = simulator.control.files()["pinned.case"]
    sizes = [file["size"] for file in files if file["role"] == "image"]

    assert 120_000 < sum(sizes) / len(sizes) < 180_000


def test_one_picture_has_two_names(simulator: SimulatorProcess) -> None:
    files = simulator.control.files()["plain.case"]
    digests = [file["sha256"] for file in files]

    assert len(digests) == len({file["name"] for file in files})
    assert len(digests) == len(set(digests)) + 1


def test_a_changed_signature_is_refused(simulator: SimulatorProcess) -> None:
    answer = fetch(wanted(simulator, "image")["url"].replace("oh=00_", "oh=00_f"))

    assert (answer.status, answer.body) == (403, b"Bad URL hash")


def test_a_changed_expiry_is_refused(simulator: SimulatorProcess) -> None:
    url = re.sub("oe=[0-9A-F]+", "oe=FFFFFFFF", wanted(simulator, "image")["url"])

    assert fetch(url).status == 403


def test_an_expired_url_is_refused(simulator: SimulatorProcess) -> None:
    url = wanted(simulator, "image")["url"]
    expires_at = int(parse_qs(urlsplit(url).query)["oe"][0], 16)

    simulator.control.set_clock(expires_at + 1)

    assert fetch(url).body == b"URL signature expired"
    assert fetch(wanted(simulator, "image")["url"]).status == 200


@pytest.mark.parametrize("path", ["/", "/v/t51.29350-15/1_2_3_n.jpg", "/elsewhere.jpg"])
def test_an_unknown_path_is_not_found(simulator: SimulatorProcess, path: str) -> None:
    assert fetch(simulator.cdn_url + path).status == 404


def test_a_name_that_was_not_issued_is_not_found(simulator: SimulatorProcess) -> None:
    url = wanted(simulator, "image")["url"]
    number = urlsplit(url).path.split("_")[1]

    assert fetch(url.replace(number, "1" * len(number))).status == 404


def test_a_part_can_be_asked_for(simulator: SimulatorProcess) -> None:
    url = wanted(simulator, "video")["url"]
    whole = fetch(url)

    part = fetch(url, Range="bytes=100-199")

    assert (part.status, part.body) == (206, whole.body[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(whole.body)}"
    assert part.headers["ETag"] == whole.headers["ETag"]


@pytest.mark.parametrize(
    ("header", "part"), [("bytes=-5", slice(-5, None)), ("bytes=9-", slice(9, None))]
)
def test_a_part_can_be_open_ended(simulator: SimulatorProcess, header: str, part: slice) -> None:
    url = wanted(simulator, "image")["url"]

    assert fetch(url, Range=header).body == fetch(url).body[part]


def test_a_part_behind_the_end_is_not_satisfiable(simulator: SimulatorProcess) -> None:
    image = wanted(simulator, "image")

    answer = fetch(image["url"], Range=f"bytes={image['size']}-")

    assert answer.status == 416
    assert answer.headers["Content-Range"] == f"bytes */{image['size']}"


def test_a_part_of_another_version_is_the_whole(simulator: SimulatorProcess) -> None:
    image = wanted(simulator, "image")

    answer = fetch(image["url"], Range="bytes=0-9", If_Range='"another"')

    assert (answer.status, len(answer.body)) == (200, image["size"])


def test_downloads_are_counted_by_name(simulator: SimulatorProcess) -> None:
    image = wanted(simulator, "image")
    fetch(image["url"])
    fetch(image["url"], Range="bytes=0-9")

    counts = simulator.control.stats()["cdn"]

    assert counts["by_name"] == {image["name"]: 2}
    assert (counts["requests"], counts["bytes"], counts["ranges"]) == (2, image["size"] + 10, 1)


def test_smaller_sizes_are_counted(simulator: SimulatorProcess) -> None:
    url = wanted(simulator, "image")["url"]
    fetch(url.replace("dst-jpg_e35", "dst-jpg_e35_p640x640"))

    assert simulator.control.stats()["cdn"]["resized"] == 1


@pytest.fixture(scope="module")
def huge() -> Iterator[SimulatorProcess]:
    with process.start(world="huge") as started:
        yield started


@pytest.mark.slow
def test_a_huge_video_is_valid_and_served_in_parts(huge: SimulatorProcess) -> None:
    video = wanted(huge, "video", "long.take")
    beginning = fetch(video["url"], Range="bytes=0-99999").body

    end = fetch(video["url"], Range="bytes=-10")

    assert video["size"] > 1_000_000_000
    assert end.body == bytes(10)
    with av.open(io.BytesIO(beginning)) as container:
        assert container.streams.video[0].frames > 0


@pytest.mark.slow
def test_the_length_of_a_huge_video_can_be_asked_for(huge: SimulatorProcess) -> None:
    video = wanted(huge, "video", "long.take")

    with OPENER.open(Request(video["url"], method="HEAD"), timeout=5) as response:  # noqa: S310  http only
        headers = response.headers

    assert int(headers["Content-Length"]) == video["size"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_huge_video_is_served_without_holding_it(huge: SimulatorProcess) -> None:
    with OPENER.open(wanted(huge, "video", "long.take")["url"], timeout=60) as response:
        while response.read(1 << 20):
            pass
    status = Path(f"/proc/{cdn_process(huge)}/status").read_text()

    assert int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) < 150_000
