"""The report as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from lab.house.comments import LineCount
from lab.house.functions import Function
from lab.house.measure import (
    LONG_FUNCTION,
    LONG_MODULE,
    NAMED_FUNCTIONS,
    SHORT_HELPER,
    FolderCounts,
    Numbers,
    Part,
    WordCount,
)

Row = Sequence[object]


def text(numbers: Numbers) -> str:
    """Return the whole report. Its lines fit a terminal of 100 columns."""
    blocks = [
        f"House numbers of {numbers.revision}",
        table(summary(numbers)),
        longest_functions(numbers.source),
        "Comments and docstrings, in lines per 100 lines of code\n" + table(folder_rows(numbers)),
        "Banned words\n" + table(word_rows(numbers.words)),
        circle_lines("files", numbers.circles.of_files),
        circle_lines("folders", numbers.circles.of_folders),
    ]
    return "\n\n".join(blocks)


def summary(numbers: Numbers) -> list[Row]:
    """Lengths and helpers, source beside tests."""
    parts = (numbers.source, numbers.tests)
    lines: list[tuple[str, Callable[[Part], object]]] = [
        ("modules", lambda part: part.module_lengths.count),
        ("  lines: median", lambda part: f"{part.module_lengths.median:g}"),
        ("  lines: 95th percentile", lambda part: part.module_lengths.p95),
        ("  lines: longest", lambda part: part.module_lengths.longest),
        (f"  over {LONG_MODULE} lines", lambda part: part.module_lengths.over_limit),
        ("functions", lambda part: part.function_lengths.count),
        ("  lines: median", lambda part: f"{part.function_lengths.median:g}"),
        ("  lines: 95th percentile", lambda part: part.function_lengths.p95),
        ("  lines: longest", lambda part: part.function_lengths.longest),
        (f"  over {LONG_FUNCTION} lines", lambda part: part.function_lengths.over_limit),
        ("private functions", lambda part: part.helper_count.private),
        ("  used once (helpers)", lambda part: part.helper_count.used_once),
        ("  helpers, % of all functions", lambda part: part.helper_count.percent_of_functions),
        (f"  helpers, body of {SHORT_HELPER} lines or fewer", lambda part: part.helper_count.short),
        ("lines", lambda part: part.lines),
    ]
    rows = [(name, *map(figure, parts)) for name, figure in lines]
    ratio = ("  tests per line of source", "", f"{numbers.tests_per_source_line:.2f}")
    return [("", "source", "tests"), *rows, ratio]


def longest_functions(source: Part) -> str:
    named = source.functions[:NAMED_FUNCTIONS]
    return "\n".join(["Longest functions of the source", *(f"  {line(each)}" for each in named)])


def line(function: Function) -> str:
    return f"{function.lines:>4}  {function.path}:{function.line} {function.qualified_name}"


def folder_rows(numbers: Numbers) -> list[Row]:
    heading = ("code", "comments", "docstrings")
    rows = [folder_row(each) for each in (*numbers.folders, numbers.all_folders)]
    return [("", *heading, *(f"tests: {name}" for name in heading)), *rows]


def folder_row(folder: FolderCounts) -> Row:
    return (folder.name, *comment_cells(folder.source), *comment_cells(folder.tests))


def comment_cells(count: LineCount) -> Row:
    """The three cells of a folder; empty if it has no code of this kind."""
    if not count.code:
        return ("", "", "")
    return (count.code, f"{count.comments_per_100:.1f}", f"{count.docstrings_per_100:.1f}")


def word_rows(words: Iterable[WordCount]) -> list[Row]:
    rows = [(each.word, each.source, each.tests, each.documents) for each in words]
    sums = [sum(int(row[column]) for row in rows) for column in (1, 2, 3)]
    return [("", "source", "tests", "documents"), *rows, ("all", *sums)]


def circle_lines(things: str, found: Sequence[Sequence[str]]) -> str:
    """The number of circles, and the members of each."""
    heading = f"Circles of {things} in the imports of the source: {len(found)}"
    return "\n".join([heading, *(f"  {len(each)}: {', '.join(each)}" for each in found)])


def table(rows: Sequence[Row]) -> str:
    """Align the columns: the first one to the left, numbers to the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            [row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])],
        ).rstrip()
        for row in cells
    )
