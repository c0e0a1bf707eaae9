"""How texts are cut, alone and on a page."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core import texts


def item(caption: str, **more: Any) -> dict[str, Any]:
    return {"caption": caption, "truncated": [], **more}


def size(items: list[dict[str, Any]]) -> int:
    return sum(len(each["caption"].encode()) for each in items)


def test_a_text_within_its_bound_is_shown_whole() -> None:
    shown = item("x" * texts.CAPTION)

    assert texts.cut(shown) == []
    assert len(shown["caption"]) == texts.CAPTION


def test_a_text_above_its_bound_is_cut_and_named() -> None:
    shown = item("x" * (texts.CAPTION + 1), biography=None)

    assert texts.cut(shown) == ["caption"]
    assert len(shown["caption"]) == texts.CAPTION


def test_a_page_of_normal_texts_is_unchanged() -> None:
    items = [item("é" * 400) for _ in range(100)]

    texts.fit(items)

    assert [each["truncated"] for each in items] == [[]] * 100


def test_only_the_longest_texts_of_a_page_are_cut() -> None:
    items = [item("short"), item("x" * 500), item("x" * 900)]

    texts.fit(items, page_bytes=600)

    assert [each["truncated"] for each in items] == [[], ["caption"], ["caption"]]
    assert items[0]["caption"] == "short"


def test_texts_of_objects_inside_count_too() -> None:
    owner = {"biography": "b" * 400, "truncated": []}
    items = [item("c" * 400, user=owner)]

    texts.fit(items, page_bytes=600)

    assert (len(items[0]["caption"]), len(owner["biography"])) == (300, 300)
    assert owner["truncated"] == ["biography"]


@given(st.lists(st.text(max_size=60), max_size=20), st.integers(0, 400))
def test_a_page_fits_and_names_what_it_cuts(captions: list[str], page_bytes: int) -> None:
    items = [item(caption) for caption in captions]

    texts.fit(items, page_bytes=page_bytes)

    assert size(items) <= page_bytes or size(items) == sum(len(c.encode()) for c in captions) == 0
    for each, caption in zip(items, captions, strict=True):
        assert caption.startswith(each["caption"])
        assert (each["truncated"] == ["caption"]) == (each["caption"] != caption)
