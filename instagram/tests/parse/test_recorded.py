"""Whole answers, read without loss: the own fixtures, and recorded ones where they are at hand.

`INSTARCHIVER_CORPUS` names a folder of recorded answers. They belong to third parties and are not
part of this repository, so the tests run without them too.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from instagram.archiving.records import PostRecord, ProfileRecord, StoryRecord
from tests.support.payloads import PATHS, READERS, records, rejections

# What the client reads, not the parser.
NOT_FOR_THE_PARSER = {"comments", "errors", "tikhub_envelope"}
KINDS = {
    "graphql_highlights": "highlights",
    "graphql_post": "post",
    "graphql_stories": "stories",
    "graphql_timeline": "posts",
    "instaloader": "profile",
    "v1_feed": "posts",
    "v1_highlights": "highlights",
    "v1_reels": "reels",
    "v1_reels_tray": "stories",
    "v1_user_info": "profile",
    "v2_posts": "posts",
    "web_profile_info": "profile",
}
# Files that hold the stories of a highlight, beside the trays in the same folders.
INSIDE_HIGHLIGHTS = ("highlights-stories", "highlight_by_id")
# Reels whose stories the tray leaves out.
UNREADABLE = {"reelsTraySample": ["stories[6].items", "stories[7].items"]}


def recorded() -> list[Path]:
    folder = os.environ.get("INSTARCHIVER_CORPUS")
    files = sorted(Path(folder).glob("*/*.json")) if folder else []
    return [path for path in files if path.parent.name not in NOT_FOR_THE_PARSER]


def kind_of(path: Path) -> str:
    if path in PATHS:
        return path.name.partition(".")[0]
    if any(part in path.name for part in INSIDE_HIGHLIGHTS):
        return "highlight_stories"
    return KINDS[path.parent.name]


def read(path: Path) -> Any:
    return READERS[kind_of(path)](json.loads(path.read_text()))


def is_whole(record: Any) -> bool:
    """Whether the values that every recorded answer has were read."""
    if isinstance(record, ProfileRecord):
        return None not in {record.picture_url, record.follower_count, record.biography}
    if isinstance(record, PostRecord):
        owned = record.owner is not None and record.caption is not None
        return owned and all(medium.image_url for medium in record.media)
    if isinstance(record, StoryRecord):
        return record.owner is not None and record.media.image_url is not None
    return None not in {record.title, record.cover_url}


every_answer = pytest.mark.parametrize(
    "path", [*PATHS, *recorded()], ids=lambda path: f"{path.parent.name}/{path.stem[-30:]}"
)


@every_answer
def test_nothing_of_an_answer_is_lost(path: Path) -> None:
    expected = next((paths for part, paths in UNREADABLE.items() if part in path.name), [])

    result = read(path)

    assert [rejection.path for rejection in rejections(result)] == expected
    assert records(result)


@every_answer
def test_every_record_is_whole(path: Path) -> None:
    assert [record for record in records(read(path)) if not is_whole(record)] == []


@every_answer
def test_every_id_is_read_digit_for_digit(path: Path) -> None:
    answer = path.read_text()

    assert [found for found in records(read(path)) if found.instagram_id not in answer] == []


@every_answer
def test_every_video_of_a_feed_has_its_stream(path: Path) -> None:
    posts = [post for post in records(read(path)) if isinstance(post, PostRecord)]
    # The list of long videos names only their covers.
    listed = [post for post in posts if post.raw.get("product_type") != "igtv"]

    videos = [post for post in listed if post.variant == "video"]

    assert [post.instagram_id for post in videos if post.media[0].video_url is None] == []
