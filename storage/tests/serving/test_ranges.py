"""Parsing of `Range` headers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.serving.ranges import ByteRange, Unsatisfiable, parse


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-0", ByteRange(0, 1)),
        ("bytes=2-5", ByteRange(2, 4)),
        ("bytes=8-", ByteRange(8, 2)),
        ("bytes=-3", ByteRange(7, 3)),
        ("bytes=-99", ByteRange(0, 10)),
        ("bytes=5-99", ByteRange(5, 5)),
    ],
)
def test_a_single_range_is_read(header: str, part: ByteRange) -> None:
    assert parse(header, 10) == part


@pytest.mark.parametrize(
    "header", ["", "bytes=-", "bytes=5-2", "bytes=0-1,3-4", "items=0-1", "bytes=a-b", "bytes=-1-2"]
)
def test_anything_but_a_single_range_is_ignored(header: str) -> None:
    assert parse(header, 10) is None


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-12", "bytes=-0"])
def test_a_range_outside_the_file_is_refused(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        parse(header, 10)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 20))
def test_a_part_lies_within_the_file(first: int, last: int, size: int) -> None:
    try:
        part = parse(f"bytes={first}-{last}", size)
    except Unsatisfiable:
        assert first >= size
    else:
        assert part is None or 0 < part.length <= size - part.start
