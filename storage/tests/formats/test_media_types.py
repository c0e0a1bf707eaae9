"""Kinds of media are identified by their first bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.formats import media_types
from tests.support import samples


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("JPEG", media_types.JPEG),
        ("PNG", media_types.PNG),
        ("GIF", media_types.GIF),
        ("WEBP", media_types.WEBP),
        ("AVIF", media_types.AVIF),
    ],
)
def test_an_image_is_recognised(form: str, kind: media_types.Kind) -> None:
    data = samples.encoded(samples.picture(), form)

    assert media_types.recognise(data[: media_types.HEAD_SIZE]) == kind


@pytest.mark.parametrize(
    ("form", "kind"),
    [("mp4", media_types.MP4), ("mov", media_types.MOV), ("webm", media_types.WEBM)],
)
def test_a_video_is_recognised(form: str, kind: media_types.Kind) -> None:
    data = samples.video(form)

    assert media_types.recognise(data[: media_types.HEAD_SIZE]) == kind


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", media_types.HEIC),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", media_types.AVIF),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", media_types.HEIC),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mif1mp42", media_types.MP4),
        (b"\x0c\x80\0\0mdat", media_types.MOV),
        (b"\0\0\0\x18ftypMiHE\0\0\0\0MiHEheic", media_types.HEIC),
        (b"\0\0\0\x14ftypisom\0\0\x02\0isom", media_types.MP4),
        (b"\0\0\0\x143gp4\0\0\x02\x003gp4".replace(b"3gp4", b"ftyp3gp4", 1), media_types.MP4),
        (b"\0\0\0\x1cftypM4A \0\0\0\0M4A mp42", media_types.M4A),
        (b"\0\0\0\x14ftypF4A \0\0\0\0isom", media_types.M4A),
        (b"\0\0\0\x70ftypmif1\0\0\0\0" + b"mif1" * 23 + b"avif", media_types.AVIF),
    ],
)
def test_a_boxed_file_is_identified_by_its_brands(head: bytes, kind: media_types.Kind) -> None:
    assert media_types.recognise(head) == kind


@pytest.mark.parametrize("first", [b"wide", b"mdat", b"moov", b"free", b"skip", b"pnot"])
def test_a_film_without_brands_is_a_quicktime_film(first: bytes) -> None:
    assert media_types.recognise(b"\0\0\0\x08" + first + b"\0\0\1\0mdat") == media_types.MOV


@pytest.mark.parametrize("length", [b"\x84", b"\x40\x04", b"\x01\0\0\0\0\0\0\x04"])
def test_a_webm_may_name_its_type_late(length: bytes) -> None:
    void = b"\xec\x40\x80" + bytes(128)

    assert media_types.recognise(b"\x1aE\xdf\xa3\x40\xa0" + void + b"B\x82" + length + b"webm")


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"<!DOCTYPE html><html>",
        b'{"status": "fail"}',
        b"<svg xmlns='http://www.w3.org/2000/svg'>",
        b"%PDF-1.7",
        b"RIFF\0\0\0\0WAVEfmt ",
        b"\x1aE\xdf\xa3\x01\0\0\0matroska",
        b"\x1aE\xdf\xa3\x8bB\x82\x88matroska of webmasters",
        b"I'm free of charge",
        b"\xff\xd8",
    ],
)
def test_other_bytes_are_no_media(head: bytes) -> None:
    assert media_types.recognise(head) is None


@given(st.binary(max_size=media_types.HEAD_SIZE))
def test_any_bytes_are_judged_without_an_error(head: bytes) -> None:
    kind = media_types.recognise(head)

    assert kind is None or kind.media_type.startswith(("image/", "video/", "audio/"))
