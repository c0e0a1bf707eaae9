"""Links in the documents lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.sources import ROOT

LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ +(?P<text>.+)$", re.MULTILINE)
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


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


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_document_leads_somewhere(document: Path) -> None:
    assert [*broken(document, document.read_text())] == []


@pytest.mark.parametrize("link", ["[x](missing.md)", "[x](#no-such-heading)"])
def test_a_link_that_leads_nowhere_is_found(tmp_path: Path, link: str) -> None:
    document = tmp_path / "example.md"
    document.write_text(f"# A heading\n\n{link}\n")

    assert [*broken(document, document.read_text())]
