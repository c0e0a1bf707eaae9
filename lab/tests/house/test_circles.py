"""Which imports close a circle, of files and of folders."""

from __future__ import annotations

import pytest

from lab.house.circles import Circles, circles
from lab.house.measure import measure
from lab.tests.house.conftest import Read

PACKAGES = {"a/__init__.py": "", "b/__init__.py": ""}


def found(read: Read, files: dict[str, str]) -> Circles:
    """The circles among the source files."""
    return circles(read(files).source)


@pytest.mark.parametrize(
    "back",
    [
        "from a import x",
        "import a.x",
        "from a.x import name",
        "from .x import name",
        "from . import x",
        "def late():\n    from a import x",
        "if TYPE_CHECKING:\n    from a import x",
    ],
)
def test_two_modules_that_import_each_other_are_a_circle(read: Read, back: str) -> None:
    files = PACKAGES | {"a/x.py": "from a import y", "a/y.py": back}

    assert found(read, files).of_files == (("a.x", "a.y"),)


def test_imports_in_one_direction_are_no_circle(read: Read) -> None:
    files = PACKAGES | {"a/x.py": "from a import y, z", "a/y.py": "from a import z", "a/z.py": ""}

    assert found(read, files) == Circles((), ())


def test_a_circle_names_all_its_members_and_no_others(read: Read) -> None:
    files = {
        "x.py": "import y",
        "y.py": "import z",
        "z.py": "import x, w",
        "w.py": "",
        "v.py": "import x",
    }

    assert found(read, files).of_files == (("x", "y", "z"),)


def test_a_circle_may_lead_through_the_init_of_a_package(read: Read) -> None:
    files = {
        "a/__init__.py": "from a import x",
        "a/x.py": "import main",
        "a/y.py": "",
        "main.py": "import a.y",
    }

    assert found(read, files).of_files == (("a", "a.x", "main"),)


def test_a_package_that_exports_its_modules_is_no_circle(read: Read) -> None:
    files = {
        "a/__init__.py": "from a.x import name",
        "a/x.py": "from a.y import name",
        "a/y.py": "",
    }

    assert found(read, files) == Circles((), ())


def test_folders_may_be_a_circle_where_files_are_none(read: Read) -> None:
    files = PACKAGES | {"a/x.py": "import b.x", "b/x.py": "", "b/y.py": "import a.y", "a/y.py": ""}

    assert found(read, files) == Circles(of_files=(), of_folders=(("a", "b"),))


def test_a_package_and_the_one_inside_it_may_be_a_circle(read: Read) -> None:
    files = {"a/x.py": "import a.inner.x", "a/inner/x.py": "import a.y", "a/y.py": ""}

    assert found(read, files).of_folders == (("a", "a.inner"),)


def test_a_package_is_not_imported_by_what_imports_its_inner_package(read: Read) -> None:
    files = PACKAGES | {"a/inner/x.py": "", "b/x.py": "import a.inner.x", "a/y.py": "import b.x"}

    assert found(read, files).of_folders == ()


def test_tests_close_no_circle(read: Read) -> None:
    files = {"a/x.py": "import a.tests.fakes", "a/tests/fakes.py": "import a.x"}

    assert measure(read(files)).circles == Circles((), ())
