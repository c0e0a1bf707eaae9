"""The house rules that no linter checks: length, open ends and suppressions."""

from __future__ import annotations

import io
import re
import tokenize
from pathlib import Path

import pytest

from tests.support.sources import APPS, FEATURES, ROOT, TOOLS, python_files, text_files

MAX_LINES = 400
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
SUPPRESSION = re.compile(r"#\s*(?:noqa|type:\s*ignore|pragma:)(?P<rest>.*)")
CODE_AND_REASON = re.compile(
    r":\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*\s{2,}\S.*"  # of the linter: codes, two spaces, why
    r"|\[[a-z-]+(?:,\s*[a-z-]+)*\]\s+#\s\S.*"  # of the type checker: [codes]  # why
    r"|\s*no (?:cover|branch)\s{2,}\S.*"  # of the coverage: two spaces, why
)


def too_long(path: Path) -> bool:
    return len(path.read_text().splitlines()) > MAX_LINES


def unexplained(source: str) -> list[str]:
    """The lines that suppress a check without its code and a reason."""
    if not SUPPRESSION.search(source):
        return []  # most files; to read one in tokens takes a hundred times as long
    return [
        token.line.strip()
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
        and (found := SUPPRESSION.search(token.string))
        and not CODE_AND_REASON.fullmatch(found["rest"])
    ]


def test_every_module_is_short_enough() -> None:
    assert [str(path) for path in python_files(*APPS, *FEATURES, *TOOLS) if too_long(path)] == []


@pytest.mark.parametrize(("lines", "expected"), [(MAX_LINES, False), (MAX_LINES + 1, True)])
def test_a_module_is_too_long_from_401_lines(tmp_path: Path, lines: int, *, expected: bool) -> None:
    module = tmp_path / "example.py"
    module.write_text("pass\n" * lines)

    assert too_long(module) is expected


def test_no_file_has_a_note_for_later() -> None:
    unfinished = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in text_files()
        if path != Path(__file__)
        for word in UNFINISHED.findall(path.read_text())
    ]

    assert unfinished == []


def test_a_note_for_later_is_found() -> None:
    assert UNFINISHED.search("# TODO: split this")


@pytest.mark.slow
def test_every_suppression_names_its_code_and_reason() -> None:
    sources = {path: path.read_text() for path in python_files(*APPS, *FEATURES, *TOOLS)}

    assert {path: lines for path, source in sources.items() if (lines := unexplained(source))} == {}


@pytest.mark.parametrize(
    "line",
    [
        "x = 1  # noqa",
        "x = 1  # noqa: S105",
        "x = 1  # type: ignore",
        "x = 1  # type: ignore[misc]",
    ],
)
def test_a_bare_suppression_is_found(line: str) -> None:
    assert unexplained(line) == [line]


@pytest.mark.parametrize(
    "line",
    ["x = 1  # noqa: S105, E501  not a secret", "x = 1  # type: ignore[misc]  # celery has none"],
)
def test_an_explained_suppression_is_allowed(line: str) -> None:
    assert unexplained(line) == []
