"""Which private functions are helpers: used once, by their own module, and by nothing else."""

from __future__ import annotations

import pytest

from lab.house.functions import helpers
from lab.house.measure import measure
from lab.tests.house.conftest import Read

HELPER = "def _half(x):\n    return x / 2\n\n\n"
USE = "def mean(x, y):\n    return _half(x + y)\n"


def found(read: Read, files: dict[str, str]) -> list[str]:
    """The names of the helpers in the files."""
    return [each.qualified_name for each in helpers(read(files).modules)]


@pytest.mark.parametrize(
    "source",
    [
        HELPER + USE,
        HELPER + "def halves(xs):\n    return map(_half, xs)\n",
        HELPER + "ONE = _half(2)\n",
    ],
)
def test_a_private_function_with_one_use_is_a_helper(read: Read, source: str) -> None:
    assert found(read, {"app.py": source}) == ["_half"]


def test_a_private_method_with_one_use_is_a_helper(read: Read) -> None:
    source = "class A:\n    def _b(self): ...\n    def c(self):\n        self._b()\n"

    assert found(read, {"app.py": source}) == ["A._b"]


@pytest.mark.parametrize(
    "source",
    [
        HELPER,
        HELPER + USE + USE.replace("mean", "middle"),
        HELPER.replace("_half", "half") + USE.replace("_half", "half"),
        HELPER.replace("_half", "__half__") + USE.replace("_half", "__half__"),
    ],
    ids=["no use", "two uses", "a public name", "a dunder"],
)
def test_these_functions_are_no_helpers(read: Read, source: str) -> None:
    assert found(read, {"app.py": source}) == []


@pytest.mark.parametrize(
    "source",
    [
        "@cache\n" + HELPER + USE,
        HELPER + "TABLE = {'half': _half}\n",
        HELPER + "def ready():\n    post_save.connect(_half)\n",
        HELPER + "def ready():\n    atexit.register(func=_half)\n",
        HELPER + "class Admin:\n    list_display = ('_half',)\n",
    ],
    ids=["decorated", "in a table", "connected", "registered", "named in a class attribute"],
)
def test_a_function_with_other_callers_is_no_helper(read: Read, source: str) -> None:
    assert found(read, {"app.py": source}) == []


@pytest.mark.parametrize(
    "use",
    ["from app import _half\n", "import app\n\napp._half(1)\n", "getattr(app, '_half')\n"],
)
def test_a_use_in_another_module_makes_it_no_helper(read: Read, use: str) -> None:
    assert found(read, {"app.py": HELPER + USE, "tests/test_app.py": use}) == []


def test_another_module_may_have_a_helper_of_the_same_name(read: Read) -> None:
    files = {"app.py": HELPER + USE, "other.py": HELPER + USE}

    assert found(read, files) == ["_half", "_half"]


def test_a_method_that_a_subclass_overrides_is_no_helper(read: Read) -> None:
    source = (
        "class A:\n    def _b(self): ...\n    def c(self):\n        self._b()\n"
        "class D(A):\n    def _b(self): ...\n"
    )

    assert found(read, {"app.py": source}) == []


def test_helpers_are_counted_among_all_functions(read: Read) -> None:
    counted = measure(read({"app.py": HELPER + USE})).source.helper_count

    assert (counted.private, counted.used_once, counted.percent_of_functions) == (1, 1, 50.0)


@pytest.mark.parametrize(("lines", "short"), [(3, 1), (4, 0)])
def test_a_helper_is_short_up_to_three_lines_below_its_docstring(
    read: Read, lines: int, short: int
) -> None:
    body = '    """Half of it."""\n' + "    x /= 2\n" * lines

    counted = measure(read({"app.py": f"def _half(x):\n{body}\n\n{USE}"})).source.helper_count

    assert counted.short == short
