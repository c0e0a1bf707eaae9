"""Facts that are read from a media URL."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.source_names import MAX_NAME_LENGTH, expires_at, source_name

SIGNED = "https://scontent.example/v/t51.2885-15/12_34_56_n.jpg?stp=dst-jpg&oh=00_A&oe=65A0C5F0"


def test_the_name_is_the_last_segment_of_the_path() -> None:
    assert source_name(SIGNED) == "12_34_56_n.jpg"


def test_a_proxy_is_unwrapped() -> None:
    assert source_name(f"https://proxy.example/?url={quote(SIGNED, safe='')}") == "12_34_56_n.jpg"


def test_another_size_and_signature_is_the_same_file() -> None:
    assert source_name(
        SIGNED.replace("dst-jpg", "p640x640").replace("00_A", "00_B")
    ) == source_name(SIGNED)


@pytest.mark.parametrize("path", ["/", "/folder/", "/" + "x" * (MAX_NAME_LENGTH + 1)])
def test_a_path_without_a_usable_name_is_hashed(path: str) -> None:
    assert len(source_name(f"https://cdn.example{path}")) == 64


def test_the_expiry_is_read_from_the_signature() -> None:
    assert expires_at(SIGNED) == datetime(2024, 1, 12, 4, 54, 8, tzinfo=UTC)


@pytest.mark.parametrize("query", ["", "oe=", "oe=xyz", "oe=FFFFFFFFFFFFFFFF"])
def test_a_url_without_a_valid_expiry_has_none(query: str) -> None:
    assert expires_at(f"https://cdn.example/x.jpg?{query}") is None


@given(st.text())
def test_any_text_has_a_name_that_fits_the_column(text: str) -> None:
    assert 0 < len(source_name(f"https://cdn.example/{text}")) <= MAX_NAME_LENGTH
