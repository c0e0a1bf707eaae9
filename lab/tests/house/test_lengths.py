"""The lengths of functions and modules."""

from __future__ import annotations

import pytest

from lab.house.functions import functions
from lab.house.measure import lengths, measure
from lab.tests.house.conftest import Read

DOCUMENTED = '''\
@decorated
def area(width, height):
    """The area.

    In the square of the unit.
    """
    # Negative sides are the caller's fault.
    return width * height
'''

NESTED = """\
class Door:
    def open(self):
        async def later():
            pass
        return later
"""


def test_neither_decorators_nor_the_docstring_make_a_function_longer(read: Read) -> None:
    (module,) = read({"app.py": DOCUMENTED}).modules

    (area,) = functions(module)

    assert (area.lines, area.body_lines) == (3, 1)


def test_methods_and_nested_functions_count_with_their_whole_name(read: Read) -> None:
    (module,) = read({"app.py": NESTED}).modules

    assert [each.qualified_name for each in functions(module)] == ["Door.open", "Door.open.later"]


def test_the_95th_percentile_is_one_of_the_values() -> None:
    assert lengths(range(1, 21), limit=100).p95 == 19


def test_the_median_may_lie_between_two_values() -> None:
    assert lengths([1, 2, 3, 10], limit=100).median == 2.5


def test_the_limit_itself_is_within_the_limit() -> None:
    assert lengths([30, 31, 32], limit=30).over_limit == 2


def test_an_empty_checkout_has_no_lengths() -> None:
    found = lengths([], limit=30)

    assert (found.count, found.median, found.p95, found.longest) == (0, 0, 0, 0)


def test_tests_count_apart_from_source(read: Read) -> None:
    numbers = measure(read({"app.py": "x = 1\n" * 4, "tests/test_app.py": "x = 1\n" * 6}))

    assert (numbers.source.lines, numbers.tests.lines) == (4, 6)
    assert numbers.tests_per_source_line == 1.5


@pytest.mark.parametrize(("lines", "over"), [(400, 0), (401, 1)])
def test_a_module_is_over_the_limit_from_401_lines(read: Read, lines: int, over: int) -> None:
    numbers = measure(read({"app.py": "x = 1\n" * lines}))

    assert numbers.source.module_lengths.over_limit == over


def test_the_longest_function_comes_first(read: Read) -> None:
    numbers = measure(read({"a.py": "def f():\n    x = 1\n", "b.py": "def g():\n    x\n    x\n"}))

    assert [each.name for each in numbers.source.functions] == ["g", "f"]
