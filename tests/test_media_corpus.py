"""The archive reads the facts that Chromium shows, or ffprobe if Chromium shows none."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from PIL import Image

from storage.formats import media_types, probe, truncation
from tests.support import media_corpus
from tests.support.media_corpus import Sample

SAMPLES = [*media_corpus.samples()]
SEEN = media_corpus.expected()
SECONDS = 0.11
"""The tolerance of a duration: one frame, because browsers count the last one differently."""

each_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)


def test_the_corpus_is_large_and_chromium_has_seen_all_of_it() -> None:
    assert len(SAMPLES) >= 250
    assert {sample.name for sample in SAMPLES} == {*SEEN}


@pytest.mark.slow
@each_sample
def test_a_valid_file_is_as_chromium_shows_it(sample: Sample) -> None:
    data, seen = sample.make(), SEEN[sample.name]

    kind = media_types.recognise(data[: media_types.HEAD_SIZE])
    assert kind is not None
    assert kind.media_type == sample.media_type
    assert truncation.is_whole(kind, lambda start, size: data[start : start + size], len(data))
    facts = probe.examine(io.BytesIO(data), kind.media_type)

    assert facts.problem == ""
    assert differences(facts, seen) == []


def differences(facts: probe.Facts, seen: dict[str, Any]) -> list[str]:
    """What differs from Chromium: size, sound, duration, and the turn as the colours show it."""
    found = []
    if (facts.width or 0, facts.height or 0) != (seen["width"], seen["height"]):
        found.append(f"{facts.width}x{facts.height}, not {seen['width']}x{seen['height']}")
    if seen["duration"] and abs((facts.duration or 0) - seen["duration"]) > SECONDS:
        found.append(f"{facts.duration} s, not {seen['duration']}")
    if (facts.media_type or "").startswith("audio/") != (seen["width"] == 0):
        found.append(f"{facts.media_type}, and {seen['width']} pixels wide")
    if seen["pixels"]:
        picture = facts.poster or base64.b64decode(facts.blur)
        derived = media_corpus.letters(Image.open(io.BytesIO(picture)))
        shown = media_corpus.named(seen["pixels"])
        # A blur of 16 pixels mixes the colours at edges and in dithered areas.
        known = [pair for pair in zip(derived, shown, strict=True) if "?" not in pair]
        if any(ours != theirs for ours, theirs in known):
            found.append(f"{derived}, not {shown}")
    return found
