"""The key of the template changes with everything that the tables depend on."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedded import tables

MIGRATION = "shop/migrations/0001_initial.py"
FILES = {
    MIGRATION: "from shop.prices import ROUND\n",
    "shop/prices.py": "ROUND = 2\n",
    "shop/views.py": "",
    tables.INSTALLED_APPS: "INSTALLED_APPS = []\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one migration, which imports a module."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_key_stays_while_nothing_changes(project: Path) -> None:
    assert tables.key(project) == tables.key(project)


@pytest.mark.parametrize("name", [MIGRATION, "shop/prices.py", tables.INSTALLED_APPS])
def test_a_changed_source_of_the_tables_changes_the_key(project: Path, name: str) -> None:
    before = tables.key(project)

    with (project / name).open("a") as file:
        file.write("# changed\n")

    assert tables.key(project) != before


def test_a_new_migration_changes_the_key(project: Path) -> None:
    before = tables.key(project)

    (project / "shop/migrations/0002_more.py").touch()

    assert tables.key(project) != before


def test_a_changed_view_keeps_the_key(project: Path) -> None:
    before = tables.key(project)

    (project / "shop/views.py").write_text("x = 1\n")

    assert tables.key(project) == before


def test_another_version_of_a_package_changes_the_key(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tables.key(project)

    (tmp_path / "site/toy-2.0.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path / "site")

    assert tables.key(project) != before
