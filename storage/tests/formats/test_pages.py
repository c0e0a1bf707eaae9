"""Texts are told apart from media files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.formats.pages import PROBE_SIZE, is_text
from tests.support import samples

PAGE = "<!DOCTYPE html><title>Войти</title>"


@pytest.mark.parametrize(
    "head",
    [
        b"Invalid URL signature",
        b'{"status": "fail"}',
        PAGE.encode(),
        PAGE.encode("utf-8-sig"),
        PAGE.encode("utf-16"),
        PAGE.encode("windows-1251"),
        "Ошибка".encode()[:-1],
        b"  \r\n\t<html>",
        b"\x1b[31mforbidden",
    ],
)
def test_a_page_is_a_text(head: bytes) -> None:
    assert is_text(head)


@pytest.mark.parametrize(
    "head",
    [samples.jpeg(), samples.video(), b"GIF89a\x00", b"\x1aE\xdf\xa3", b"a\x00b", b"\xff\xd8"],
)
def test_a_file_is_no_text(head: bytes) -> None:
    assert not is_text(head[:PROBE_SIZE])


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1))
def test_a_text_in_utf_8_is_detected_even_if_it_is_cut(text: str) -> None:
    encoded = text.encode()

    assert is_text(encoded)
    assert is_text(encoded[: max(1, len(encoded) - 1)])


@given(st.binary(), st.sampled_from([0, 1, 8, 0x7F]), st.binary())
def test_bytes_with_a_control_character_are_no_text(
    before: bytes, control: int, after: bytes
) -> None:
    head = b"x" + before + bytes([control]) + after

    assert not is_text(head)
