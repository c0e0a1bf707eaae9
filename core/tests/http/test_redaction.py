"""Secrets in every spelling that an answer may bring them in."""

from __future__ import annotations

import json
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.http import redaction

TOKEN = "tk/Ab9+secret=="
CACHED = "https://cache.tikhub.io/api/v1/cache/public/89c7?sign=0a1b2c"


def escaped(text: str) -> str:
    return "".join(f"\\u{ord(letter):04x}" for letter in text)


@pytest.mark.parametrize(
    "spelling",
    [
        TOKEN,
        TOKEN.upper(),
        f"prefix{TOKEN}suffix",
        f"Bearer {TOKEN}",
        quote(TOKEN, safe=""),
        quote(quote(TOKEN, safe=""), safe=""),
        quote_plus(TOKEN).lower(),
        TOKEN.replace("/", "\\/"),
        escaped(TOKEN),
        json.dumps(escaped(TOKEN)),
        TOKEN[:4] + escaped(TOKEN[4:]),
    ],
)
def test_the_token_disappears_in_any_spelling(spelling: str) -> None:
    clean = redaction.text(f'{{"message": "your key is {spelling}"}}', [TOKEN])

    assert redaction.MARK in clean
    assert "secret" not in clean.lower()
    assert escaped("secret") not in clean


@pytest.mark.parametrize(
    "leak",
    [
        f'{{"cache_url": "{CACHED}"}}',
        f'{{"cache_url": "{CACHED}',
        json.dumps({"body": json.dumps({"cache_url": CACHED})}),
        f"see {CACHED} for 24 hours",
        CACHED.replace("/", "\\/"),
        quote(CACHED, safe=""),
        '{"cache_url": "https://elsewhere.example/89c7?sign=0a1b2c"}',
        "https://elsewhere.example/89c7?sign=0a1b2c",
        "https://elsewhere.example/89c7?x=1&api_key=0a1b2c",
        '{"Authorization": "Basic 0a1b2c"}',
        '{"api_key": "0a1b2c"}',
        '{"x-api-key": "0a\\"1b2c 0a1b2c"}',
        "authorization: Basic 0a1b2c",
        "Cookie: sessionid=0a1b2c; Authorization=Bearer 0a1b2c",
        "bearer 0a1b2c",
        "您提交的API令牌为 0a1b2c。",
    ],
)
def test_what_looks_like_a_secret_disappears_too(leak: str) -> None:
    assert "0a1b2c" not in redaction.text(leak, [])


@pytest.mark.parametrize(
    "harmless",
    [
        '{"pagination_token": "abc", "next_max_id": "3_1"}',
        '{"caption": {"text": "my secret: a token of love"}}',
        "https://cdn.example/v/t51/1_2_n.jpg?stp=x&oe=66FF&oh=00_A",
    ],
)
def test_harmless_text_stays_as_it_is(harmless: str) -> None:
    assert redaction.text(harmless, [TOKEN]) == harmless


def test_an_empty_secret_redacts_nothing() -> None:
    assert redaction.text("unchanged", [""]) == "unchanged"


def test_nul_which_postgresql_refuses_is_replaced() -> None:
    assert redaction.text("a\0b", []) == "a\N{REPLACEMENT CHARACTER}b"


def test_sensitive_parameters_lose_their_value() -> None:
    values = {"username": f"x{TOKEN}", "api_key": "0a1b2c", "count": 50}

    assert redaction.params(values, [TOKEN]) == {
        "username": f"x{redaction.MARK}",
        "api_key": redaction.MARK,
        "count": "50",
    }


@given(before=st.integers(0, 300), limit=st.integers(1, 300))
def test_a_cut_never_leaves_part_of_the_token(before: int, limit: int) -> None:
    body = "." * before + TOKEN * 3 + "." * 300

    excerpt = redaction.excerpt(body.encode(), limit, (TOKEN,))

    assert len(excerpt) <= limit
    assert not set(excerpt.replace(redaction.MARK, "")) & set(TOKEN) - set(redaction.MARK)


def test_a_short_body_is_kept_whole() -> None:
    assert redaction.excerpt("{'ключ': 1}".encode(), 100, (TOKEN,)) == "{'ключ': 1}"


def test_a_long_body_keeps_its_beginning() -> None:
    assert redaction.excerpt(b"x" * 10_000, 100, (TOKEN,)) == "x" * 100


def test_a_limit_of_zero_keeps_nothing() -> None:
    assert redaction.excerpt(b"body", 0, (TOKEN,)) == ""


@pytest.mark.parametrize(
    "piece", ["\\", "%25", " ", '"cache_url":"', "cookie", "bearer ", TOKEN[0]]
)
def test_hostile_bodies_cost_no_more_than_linear_time(piece: str) -> None:
    body = (piece * 200_000).encode()[:200_000]
    began = time.perf_counter()

    redaction.excerpt(body, 64 * 1024, (TOKEN,))

    assert time.perf_counter() - began < 1
