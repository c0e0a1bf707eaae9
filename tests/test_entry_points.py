"""`./dev` and the justfile: the only way in, for people and for CI."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.sources import ROOT, project_imports

RECIPES = frozenset(
    {"demo", "serve", "test", "check", "manage", "bench", "verify", "lock"}
    | {"up", "down", "build", "logs", "prune", "django"}
)


def listed() -> dict[str, str]:
    """What `./dev` alone prints: each recipe with its comment."""
    answer = subprocess.run([ROOT / "dev"], capture_output=True, text=True, check=True)  # noqa: S603  ours
    return dict(re.findall(r"^    ([a-z]+)[^#\n]*(.*)$", answer.stdout, re.MULTILINE))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with nothing in it but the script and a lock."""
    (tmp_path / "dev").write_bytes((ROOT / "dev").read_bytes())
    (tmp_path / "dev").chmod(0o755)
    (tmp_path / "requirements-dev.txt").touch()
    return tmp_path


def start_with(folder: Path, python: str) -> subprocess.CompletedProcess[str]:
    """Run `./dev` where this script is the only Python."""
    tools = folder / "tools"
    tools.mkdir()
    (tools / "python3").write_text(f"#!/bin/sh\n{python}\n")
    (tools / "python3").chmod(0o755)
    for name in ("dirname", "cmp"):
        (tools / name).symlink_to(f"/usr/bin/{name}")
    return subprocess.run(  # noqa: S603  our own script
        ["/bin/sh", folder / "dev"],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_recipe_is_listed_with_its_purpose() -> None:
    recipes = listed()

    assert recipes.keys() >= RECIPES
    assert [name for name, comment in recipes.items() if not comment] == []


def test_an_unknown_recipe_is_named_beside_those_that_exist() -> None:
    answer = subprocess.run([ROOT / "dev", "bogus"], capture_output=True, text=True, check=False)  # noqa: S603  ours

    assert answer.returncode == 2
    assert answer.stderr.startswith("./dev: no recipe bogus; there are: demo serve test")


@pytest.mark.parametrize("recipe", ["demo", "serve", "manage"])
def test_what_dev_runs_without_just_is_what_the_recipe_runs(recipe: str) -> None:
    command = [str(ROOT / ".venv/bin/just"), "--dry-run", recipe]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603  ours

    assert answer.stderr.startswith(f"exec python -m embedded {recipe}")
    assert "demo | serve | manage) exec .venv/bin/python -m embedded" in (ROOT / "dev").read_text()


def test_the_scripts_can_be_executed() -> None:
    scripts = ("dev", ".ci/run", "manage.py")

    assert [name for name in scripts if not os.access(ROOT / name, os.X_OK)] == []


def test_a_machine_without_python_is_told_what_is_missing(checkout: Path) -> None:
    result = start_with(checkout, "exit 1")

    assert (result.returncode, result.stderr.count("needs Python 3.11")) == (2, 1)


def test_a_debian_without_venv_is_told_what_to_install(checkout: Path) -> None:
    without_venv = f'case "$2" in *ensurepip*) exit 1 ;; *) exec {sys.executable} "$@" ;; esac'

    result = start_with(checkout, without_venv)

    minor = sys.version_info.minor
    assert result.returncode == 2
    assert f"sudo apt-get install -y python3.{minor}-venv" in result.stderr


def test_ci_runs_the_recipe_that_people_run() -> None:
    assert "./dev check" in (ROOT / ".ci/run").read_text()


def test_the_supervisor_needs_the_standard_library_only() -> None:
    foreign = [
        str(each)
        for each in project_imports("embedded")
        if each.target.partition(".")[0] not in {*sys.stdlib_module_names, "embedded"}
    ]

    assert foreign == []
