"""Properties: a mutilated answer gives only records or typed errors."""

import json
import math
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.utils.errors import CoreAPIError
from instagram.archiving import parse
from tests.support.payloads import PATHS, READERS, item, kept_raw, listed, records, rejections

Place = tuple[Any, ...]

ANSWERS = [(path.name.partition(".")[0], path.read_text()) for path in PATHS]
WRONG_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 404, 2**53 + 1, 2**63, 10**40, 10**2000, 0.5, 1e300),
    *(math.nan, math.inf, "", "0", "7", "x", "\x00", "\ud800", "9" * 400, "fail", "9_9", "NaN"),
    *("2024-02-30", "9999-12-31T23:59:59-23:59", "https://", "highlight:", [], {}, [None], [[]]),
    *({"data": {}}, {"edges": None}, {"edges": [{}]}, {"items": [0]}, {"node": None}),
)
quick = settings(max_examples=500, deadline=None, database=None)


def places(value: Any, here: Place = ()) -> Iterator[Place]:
    """The path of every nested value."""
    if isinstance(value, dict | list):
        inside = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in inside:
            yield (*here, key)
            yield from places(inner, (*here, key))


def mutilate(draw: st.DrawFn, payload: Any) -> None:
    """Delete, replace, wrap, truncate or double one value."""
    *way, last = draw(st.sampled_from(list(places(payload))))
    holder = payload
    for key in way:
        holder = holder[key]
    operation = draw(st.sampled_from(("delete", "replace", "list", "data", "cut", "double")))
    old = holder[last]
    if operation == "delete":
        del holder[last]
    elif operation == "replace":
        holder[last] = deepcopy(draw(st.sampled_from(WRONG_VALUES)))
    elif operation in {"cut", "double"} and isinstance(old, list | str):
        holder[last] = old[: len(old) // 2] if operation == "cut" else old * 2
    else:
        holder[last] = {"data": old} if operation == "data" else [old]


@st.composite
def mutilated_answers(draw: st.DrawFn) -> tuple[str, Any]:
    kind, text = draw(st.sampled_from(ANSWERS))
    payload = json.loads(text)
    for _ in range(draw(st.integers(1, 4))):
        if payload:
            mutilate(draw, payload)
    return kind, payload


def arbitrary_json() -> st.SearchStrategy[Any]:
    keys = st.sampled_from(
        ("data", "user", "items", "node", "edges", "pk", "id", "taken_at", "reel", "reels", "tray")
    )
    return st.recursive(
        st.sampled_from(WRONG_VALUES),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=15,
    )


def is_sound(result: Any) -> bool:
    """Every id is bare digits, listed once, and everything kept can be stored as JSON and UTF-8.

    ValueError for what cannot be written as either.
    """
    if isinstance(result, CoreAPIError):
        return True
    ids = [record.instagram_id for record in records(result)]
    texts = [json.dumps(raw, ensure_ascii=False, allow_nan=False) for raw in kept_raw(result)]
    return (
        all(found.isascii() and found.isdigit() and len(found) <= 32 for found in ids)
        and len(ids) == len(set(ids))
        and not any(b"\\u0000" in text.encode() for text in texts)
    )


def read(kind: str, payload: Any) -> Any:
    """The parser's records, or its typed error."""
    try:
        return READERS[kind](payload)
    except CoreAPIError as error:
        return error


@pytest.mark.slow
@quick
@given(answer=mutilated_answers())
def test_a_mutilated_answer_gives_records_or_typed_errors(answer: tuple[str, Any]) -> None:
    assert is_sound(read(*answer))


@pytest.mark.slow
@quick
@given(kind=st.sampled_from(sorted(READERS)), payload=arbitrary_json())
def test_arbitrary_json_gives_records_or_typed_errors(kind: str, payload: Any) -> None:
    assert is_sound(read(kind, payload))


@pytest.mark.slow
@quick
@given(answer=mutilated_answers(), wrong=st.sampled_from(sorted(READERS)))
def test_an_answer_of_another_kind_gives_records_or_typed_errors(
    answer: tuple[str, Any], wrong: str
) -> None:
    assert is_sound(read(wrong, answer[1]))


@pytest.mark.slow
@quick
@given(pk=st.integers(1, 10**32 - 1))
def test_an_id_survives_exactly_as_number_and_as_text(pk: int) -> None:
    from_number, from_text = item(pk=pk, id=None), item(pk=None, id=f"{pk}_58123456789")

    assert parse.post(from_number).instagram_id == str(pk)
    assert parse.post(from_text).instagram_id == str(pk)


@quick
@given(broken=st.sampled_from(WRONG_VALUES))
def test_an_item_of_any_kind_costs_only_itself(broken: Any) -> None:
    page = parse.posts(listed(item(0), broken, item(1), item(2)))

    assert [len(post.media) for post in page.items] == [1, 3, 1]
    assert [rejection.path.partition(".")[0] for rejection in rejections(page)] == ["posts[1]"]
