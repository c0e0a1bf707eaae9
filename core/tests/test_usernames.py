"""Which texts name an Instagram profile."""

from __future__ import annotations

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core import usernames

LETTERS = string.ascii_lowercase + string.digits + "_"
WORDS = st.text(LETTERS, min_size=1, max_size=9)
# Up to three words with single periods between them: at most 29 characters
NAMES = (
    st.lists(WORDS, min_size=1, max_size=3)
    .map(".".join)
    .filter(lambda name: name not in usernames.RESERVED)
)
HOSTS = st.sampled_from(["instagram.com", "www.instagram.com", "m.Instagram.COM", "instagr.am"])
AROUND = st.sampled_from(
    [
        "{name}", " @{name}\n", "https://{host}/{name}", "http://{host}/{name}/?igsh=abc==",
        "{host}/{name}/", "https://{host}/_u/{name}/", "https://{host}/n/{name}/?utm_source=mail",
        "https://{host}/stories/{name}/3141592653589793238/", "https://{host}/{name}/reel/Cxyz-_1/",
        "https://{host}/{name}/p/Cxyz-_1/?img_index=2", "https://{host}/{name}/tagged/",
        "https://{host}:443/{name}", "https://{host}./{name}", "https://{host}//{name}#top",
        "https://{host}/@{name}",
    ]
)  # fmt: skip


@example("n", "instagram.com", "https://{host}/{name}/reel/Cxyz-_1/")
@example("n", "instagram.com", "https://{host}/{name}/tagged/")
@given(NAMES, HOSTS, AROUND)
def test_a_name_is_found_in_every_address_that_has_it(name: str, host: str, around: str) -> None:
    assert usernames.from_text(around.format(name=name.upper(), host=host)) == name


@given(st.text() | st.from_regex(r"(https://www\.instagram\.com/)?[\w./@%\\?]{1,40}"))
def test_every_accepted_name_follows_the_rule(text: str) -> None:
    try:
        name = usernames.from_text(text)
    except usernames.InvalidUsername:
        return

    assert 1 <= len(name) <= 30
    assert set(name) <= set(LETTERS + ".")
    assert all(name.split("."))
    assert name not in usernames.RESERVED


@pytest.mark.parametrize("name", [".lena", "lena.", "le..na", ".", "..", "a" * 31, "\u212aate", ""])
def test_a_name_that_instagram_does_not_allow_is_refused(name: str) -> None:
    with pytest.raises(usernames.InvalidUsername, match="30 letters"):
        usernames.from_text(name)


@pytest.mark.parametrize("name", sorted(usernames.RESERVED))
def test_a_page_of_instagram_is_not_a_profile(name: str) -> None:
    for text in (name, f"@{name.upper()}", f"https://www.instagram.com/{name}/"):
        with pytest.raises(usernames.InvalidUsername, match="page of Instagram"):
            usernames.from_text(text)


@pytest.mark.parametrize(
    "path",
    [
        "p/Cxyz/", "reel/Cxyz", "stories/highlights/17900000000000004/", "share/BAxxxxxxxx",
        "share/reel/BAxxxxxxxx/", "s/aGlnaGxpZ2h0", "explore/tags/lena/", "stories/", "_u/",
        "n/reels/", "%70/Cxyz/",
    ],
)  # fmt: skip
def test_an_address_that_names_no_profile_says_why(path: str) -> None:
    with pytest.raises(usernames.InvalidUsername, match="does not name its owner"):
        usernames.from_text(f"https://www.instagram.com/{path}")


@pytest.mark.parametrize(
    "text",
    [
        "https://instagram.com@other.example/lena", "https://lena@instagram.com/lena",
        "https://instagram.com.other.example/lena", "https://other.example/instagram.com/lena",
        "https://instagram.com:8080/lena", "ftp://instagram.com/lena", "instagram://user/lena",
        "https://www.instagram.com\\lena/", "https://www.instagram.com/", "lena/",
        "https://www.instagram.com/lena/../adam/", "https://www.instagram.com/lena%2Fadam/",
        "https://www.instagram.com/?next=/lena/", "http://[",
    ],
)  # fmt: skip
def test_a_url_of_another_site_is_rejected(text: str) -> None:
    with pytest.raises(usernames.InvalidUsername, match="30 letters"):
        usernames.from_text(text)


def test_an_address_may_be_percent_encoded() -> None:
    assert usernames.from_text("https://www.instagram.com/lena%2Ev/") == "lena.v"


@pytest.mark.parametrize("name", ["Lena.", ".lena", "le..na", "explore"])
def test_a_name_from_a_provider_may_break_the_rule(name: str) -> None:
    assert usernames.in_lower_case(name) == name.lower()
