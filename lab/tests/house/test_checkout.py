"""Which files are measured, and as source or as tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lab.house import checkout
from lab.house.checkout import NotMeasurable
from lab.tests.house.conftest import Read, Track


def test_files_that_git_does_not_track_are_left_out(track: Track) -> None:
    root = track({"kept.py": "x = 1\n"})
    (root / "untracked.py").write_text("x = 1\n")

    found = checkout.read(root)

    assert [module.name for module in found.modules] == ["kept"]


def test_a_tracked_file_that_was_deleted_is_left_out(track: Track) -> None:
    root = track({"kept.py": "", "gone.py": ""})
    (root / "gone.py").unlink()

    found = checkout.read(root)

    assert [module.name for module in found.modules] == ["kept"]


def test_migrations_are_left_out(read: Read) -> None:
    found = read({"app/models.py": "", "app/migrations/0001_initial.py": ""})

    assert [module.name for module in found.modules] == ["app.models"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("app/models.py", False),
        ("app/tests/factories.py", True),
        ("tests/sources.py", True),
        ("conftest.py", True),
        ("app/test_models.py", True),
        ("app/testing.py", False),
    ],
)
def test_tests_are_recognised_by_their_path(read: Read, path: str, *, expected: bool) -> None:
    (module,) = read({path: ""}).modules

    assert module.is_test is expected


def test_a_package_is_named_without_its_init(read: Read) -> None:
    (module,) = read({"core/http/__init__.py": ""}).modules

    assert (module.name, module.package) == ("core.http", "core.http")


def test_a_subfolder_stands_for_the_whole_checkout(track: Track) -> None:
    root = track({"app/models.py": "", "other/views.py": ""})

    found = checkout.read(root / "app")

    assert [module.name for module in found.modules] == ["app.models", "other.views"]


def test_the_revision_is_the_commit(track: Track, commit: Callable[[Path], str]) -> None:
    root = track({"app.py": ""})
    made = commit(root)

    assert checkout.read(root).revision == made


def test_the_revision_shows_uncommitted_changes(
    track: Track, commit: Callable[[Path], str]
) -> None:
    root = track({"app.py": ""})
    made = commit(root)
    (root / "app.py").write_text("x = 1\n")

    assert checkout.read(root).revision == f"{made}-dirty"


def test_a_repository_without_a_commit_can_be_measured(read: Read) -> None:
    assert read({"app.py": ""}).revision == "no commit"


def test_a_file_that_is_no_python_is_named(read: Read) -> None:
    with pytest.raises(NotMeasurable, match=r"^app/broken\.py cannot be parsed .*line 1"):
        read({"app/broken.py": "def\n"})
