"""The numbers and their lists as plain data, for JSON and for lines of text."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from lab.house.comments import LineCount
from lab.house.functions import Function
from lab.house.measure import NAMED_FUNCTIONS, FolderCounts, Numbers, Part

Entry = dict[str, Any]


def document(numbers: Numbers) -> Entry:
    """All numbers, without the lists of `--list`."""
    return {
        "revision": numbers.revision,
        "source": part(numbers.source),
        "tests": part(numbers.tests),
        "tests_per_source_line": numbers.tests_per_source_line,
        "comments": {each.name: folder(each) for each in (*numbers.folders, numbers.all_folders)},
        "words": {
            each.word: {"source": each.source, "tests": each.tests, "documents": each.documents}
            for each in numbers.words
        },
        "circles": dataclasses.asdict(numbers.circles),
    }


def part(measured: Part) -> Entry:
    return {
        "lines": measured.lines,
        "modules": dataclasses.asdict(measured.module_lengths),
        "functions": dataclasses.asdict(measured.function_lengths),
        "longest_functions": list(map(function, measured.functions[:NAMED_FUNCTIONS])),
        "helpers": dataclasses.asdict(measured.helper_count),
    }


def folder(measured: FolderCounts) -> Entry:
    return {"source": line_count(measured.source), "tests": line_count(measured.tests)}


def line_count(count: LineCount) -> Entry:
    rates = {
        "comments_per_100": count.comments_per_100,
        "docstrings_per_100": count.docstrings_per_100,
    }
    return dataclasses.asdict(count) | rates


def function(found: Function) -> Entry:
    return {
        "path": str(found.path),
        "line": found.line,
        "name": found.qualified_name,
        "lines": found.lines,
        "body_lines": found.body_lines,
    }


def modules(numbers: Numbers) -> Iterator[Entry]:
    """Source before tests, the longest first."""
    for module in (*numbers.source.modules, *numbers.tests.modules):
        yield {"path": str(module.path), "lines": module.lines}


def functions(numbers: Numbers) -> Iterator[Entry]:
    """Source before tests, the longest first."""
    yield from map(function, (*numbers.source.functions, *numbers.tests.functions))


def helpers(numbers: Numbers) -> Iterator[Entry]:
    """Source before tests, the shortest body first."""
    yield from map(function, (*numbers.source.helpers, *numbers.tests.helpers))


def words(numbers: Numbers) -> Iterator[Entry]:
    """In the order of the table of words."""
    ranks = {count.word: rank for rank, count in enumerate(numbers.words)}
    for each in sorted(numbers.occurrences, key=lambda each: ranks[each.word]):
        yield {"path": str(each.file.path), "line": each.line, "word": each.word}


def circles(numbers: Numbers) -> Iterator[Entry]:
    """Circles of files, then circles of folders."""
    for members in numbers.circles.of_files:
        yield {"of": "files", "members": list(members)}
    for members in numbers.circles.of_folders:
        yield {"of": "folders", "members": list(members)}


LISTS: dict[str, Callable[[Numbers], Iterable[Entry]]] = {
    "modules": modules,
    "functions": functions,
    "helpers": helpers,
    "words": words,
    "circles": circles,
}

LINES = {
    "modules": "{lines:>4}  {path}",
    "functions": "{lines:>4}  {path}:{line} {name}",
    "helpers": "{body_lines:>4}  {path}:{line} {name}",
    "words": "{path}:{line} {word}",
    "circles": "{of}: {members}",
}


def as_lines(name: str, entries: Iterable[Entry]) -> Iterator[str]:
    """Yield a line of text for each entry of the list with that name."""
    for entry in entries:
        shown = {
            key: ", ".join(value) if isinstance(value, list) else value
            for key, value in entry.items()
        }
        yield LINES[name].format_map(shown)
