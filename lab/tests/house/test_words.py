"""Which words are banned, and where they are found."""

from __future__ import annotations

import pytest

from lab.house.measure import WordCount, measure
from lab.house.words import occurrences
from lab.tests.house.conftest import Read


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("MOST_TRIES = 3", "MOST_"),
        ("sleep(LONGEST_PAUSE)", "LONGEST_"),
        ("def admits(self, host): ...", "admits"),
        ("hosts.worked(host)", "worked"),
        ("class Trouble: ...", "Trouble"),
        ("from storage.hosts import Hosts", "Hosts"),
        ("def follow(place: httpx.URL): ...", "place (a URL)"),
        ("place = parsed(url)", "place (a URL)"),
        ("host = place.host", "place (a URL)"),
        ("# Whoever asks first", "whoever"),
        ('"""Whoever asks first"""', "whoever"),
        ("def test_nobody_waits(): ...", "nobody"),
        ("# made anew", "anew"),
        ("# all is well here", "is well"),
        ("# is\n# well", "is well"),
        ("# for ever", "for ever"),
        ("'''kept for\never'''", "for ever"),
    ],
)
def test_a_banned_word_is_found(read: Read, source: str, word: str) -> None:
    found = occurrences(read({"app.py": f"{source}\n"}).modules)

    assert [each.word for each in found] == [word]


@pytest.mark.parametrize(
    "source",
    [
        "ALMOST_DONE = 1",
        "ALLOWED_HOSTS = []",
        "Hostess = 1",
        "# the ladder that worked",
        "# one place for all",
        "place = Place(name)",
        "# renewal",
        "# is welcome",
        "# for every",
        'getpwnam("nobody")',
        "# runs as `nobody`",
        "fetch('nobody.here')",
    ],
)
def test_words_that_only_look_alike_are_allowed(read: Read, source: str) -> None:
    assert list(occurrences(read({"app.py": f"{source}\n"}).modules)) == []


def test_a_word_is_found_on_the_line_where_it_begins(read: Read) -> None:
    (found,) = occurrences(read({"app.py": "x = 1\n\n# for\n# ever\n"}).modules)

    assert found.line == 3


def test_words_are_counted_in_source_tests_and_documents(read: Read) -> None:
    files = {"a.py": "# nobody\n", "tests/b.py": "# nobody, nobody\n", "docs/c.md": "Nobody.\n"}

    counts = measure(read(files)).words

    assert [each for each in counts if each.word == "nobody"] == [WordCount("nobody", 1, 2, 1)]


def test_other_files_are_not_searched(read: Read) -> None:
    assert measure(read({"nginx.conf": "user nobody;\n"})).occurrences == ()


def test_files_that_must_contain_the_words_are_exempt(read: Read) -> None:
    files = {"lab/house/words.py": "# nobody\n", "lab/tests/house/test_words.py": "# nobody\n"}

    assert measure(read(files)).occurrences == ()
