"""Removes or falsifies parts of an answer in ways that providers were seen to do. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Distort = Callable[[Any], Any]

LISTS = ("items", "carousel_media")
COUNTS = ("media_count", "count", "carousel_media_count")
VIDEOS = ("video_versions", "video_resources", "video_url", "video_dash_manifest")
TIMES = ("taken_at", "taken_at_timestamp", "taken_at_ts")
DAY = 24 * 60 * 60


def _everywhere(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Distort:
    """Apply the change to every object, innermost first."""

    def distort(value: Any) -> Any:
        if isinstance(value, dict):
            return change({key: distort(inner) for key, inner in value.items()})
        if isinstance(value, list):
            return [distort(inner) for inner in value]
        return value

    return distort


def _shortened(item: dict[str, Any]) -> dict[str, Any]:
    """Remove the second half of each list whose length another key states."""
    if not any(isinstance(item.get(key), int) for key in COUNTS):
        return item
    lists = {key: item[key] for key in LISTS if isinstance(item.get(key), list)}
    # A list of one item stays: an empty list is another failure than a short one.
    return item | {key: kept[: len(kept) // 2] for key, kept in lists.items() if len(kept) > 1}


def _without_videos(item: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key not in VIDEOS}


def _in_milliseconds(item: dict[str, Any]) -> dict[str, Any]:
    return item | {key: item[key] * 1000 for key in TIMES if isinstance(item.get(key), int)}


DISTORTIONS: dict[str, Distort] = {
    # A highlight that counts three stories answered with fewer: subzeroid/instagrapi issue 1052.
    "short_list": _everywhere(_shortened),
    # A story was a video before its files existed: instaloader/instaloader issues 1320 and 1965.
    "late_video": _everywhere(_without_videos),
    "milliseconds": _everywhere(_in_milliseconds),
}
