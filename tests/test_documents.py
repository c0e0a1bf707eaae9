"""The documents: their links lead somewhere, and their lines fit the screen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.sources import ROOT

LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ +(?P<text>.+)$", re.MULTILINE)
# Markdown cannot wrap a row of a table, a line of code or a link. A table's rows begin with a pipe,
# after the indent of a list at most.
CODE_BLOCK = re.compile(r"^ *(?P<fence>```+|~~~+).*?^ *(?P=fence) *$", re.MULTILINE | re.DOTALL)
TABLE_ROW = re.compile(r" *\|")
LINK_ONLY = re.compile(r"[-*\s]*!?\[[^\]]*\]\(\S+\)[.,;:]?|\s*<?https?://\S+")
MAX_COLUMNS = 100
DOCUMENTS = [
    path
    for pattern in ("*.md", "docs/**/*.md", "features/**/*.md", "findings/*.md", "tests/**/*.md")
    for path in sorted(ROOT.glob(pattern))
]


def anchors(text: str) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    titles = (match["text"].lower() for match in HEADING.finditer(text))
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


def broken(document: Path, text: str) -> Iterator[str]:
    """The links of a document that lead to no file, or to no heading."""
    for match in LINK.finditer(text):
        path, _, anchor = match["target"].partition("#")
        if ":" in path:
            continue
        target = document.parent / path if path else document
        if not target.exists() or (anchor and anchor not in anchors(target.read_text())):
            yield match["target"]


def too_long(text: str) -> list[str]:
    """The lines beyond MAX_COLUMNS that could be wrapped."""
    return [
        line
        for line in CODE_BLOCK.sub("", text).splitlines()
        if len(line) > MAX_COLUMNS and not TABLE_ROW.match(line) and not LINK_ONLY.fullmatch(line)
    ]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_document_leads_somewhere(document: Path) -> None:
    assert [*broken(document, document.read_text())] == []


@pytest.mark.parametrize("link", ["[x](missing.md)", "[x](#no-such-heading)"])
def test_a_link_that_leads_nowhere_is_found(tmp_path: Path, link: str) -> None:
    document = tmp_path / "example.md"
    document.write_text(f"# A heading\n\n{link}\n")

    assert [*broken(document, document.read_text())]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documents_are_wrapped_at_100_columns(document: Path) -> None:
    assert too_long(document.read_text()) == []


LONG = "word " * 21


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (LONG, [LONG]),
        (f"```sh\n{LONG}\n```\n{LONG}", [LONG]),
        (f"| {LONG} |", []),
        (f"   ```sql\n   {LONG}\n   ```", []),
        (f"[a](https://a.example/{'a' * 100})", []),
        (
            f"- see [a](https://a.example/{'a' * 100})",
            [f"- see [a](https://a.example/{'a' * 100})"],
        ),
    ],
)
def test_a_long_line_is_found_unless_it_cannot_be_wrapped(text: str, found: list[str]) -> None:
    assert too_long(text) == found
