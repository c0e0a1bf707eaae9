"""Lines of code, comments and docstrings."""

from __future__ import annotations

import pytest

from lab.house import comments
from lab.house.comments import LineCount
from lab.house.measure import measure
from lab.tests.house.conftest import Read


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 1\n\ny = 2\n", LineCount(code=2)),
        ("# why\nx = 1\n", LineCount(code=1, comments=1)),
        ("x = 1  # why\n", LineCount(code=1, comments=1)),
        ("x = '# no comment'\n", LineCount(code=1)),
        ("x = (\n    1\n)\n", LineCount(code=3)),
        ("x = '''a\n\nb'''\n", LineCount(code=3)),
        ('"""What.\n\nWhy.\n"""\n\nx = 1\n', LineCount(code=1, docstrings=4)),
        ('class A:\n    """What."""\n', LineCount(code=1, docstrings=1)),
        ('def f():\n    """What."""\n    "no docstring"\n', LineCount(code=2, docstrings=1)),
    ],
)
def test_lines_are_counted_by_their_content(read: Read, source: str, expected: LineCount) -> None:
    assert comments.count(read({"app.py": source}).modules) == expected


@pytest.mark.parametrize(
    "comment",
    [
        "#!/usr/bin/env python",
        "# noqa: S105  a name",
        "# type: ignore[misc]  # why",
        "# pragma: no cover",
        "# fmt: skip",
    ],
)
def test_a_comment_for_a_tool_does_not_count(read: Read, comment: str) -> None:
    counted = comments.count(read({"app.py": f"{comment}\nx = 1\n"}).modules)

    assert counted == LineCount(code=1)


def test_rates_are_per_100_lines_of_code() -> None:
    counted = LineCount(code=200, comments=3, docstrings=50)

    assert (counted.comments_per_100, counted.docstrings_per_100) == (1.5, 25.0)


def test_without_code_there_is_no_rate() -> None:
    assert LineCount(comments=3).comments_per_100 == 0


def test_each_top_level_folder_has_its_own_count(read: Read) -> None:
    files = {"manage.py": "x = 1\n", "app/deep/a.py": "# why\n", "app/tests/b.py": "x = 1\n"}

    numbers = measure(read(files))

    assert [(each.name, each.source, each.tests) for each in numbers.folders] == [
        (".", LineCount(code=1), LineCount()),
        ("app", LineCount(comments=1), LineCount(code=1)),
    ]


def test_the_sum_is_that_of_all_folders(read: Read) -> None:
    numbers = measure(read({"a/x.py": "# why\nx = 1\n", "b/x.py": "x = 1  # why\n"}))

    assert numbers.all_folders.source == LineCount(code=2, comments=2)
