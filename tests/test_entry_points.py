"""`./dev` and the justfile: the only entry point, for people and for CI."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.sources import APPS, ROOT, TOOLS, project_imports, python_files

RECIPES = frozenset(
    {"demo", "serve", "manage", "bench", "verify", "house", "clients", "lock"}
    | {"test", "services", "watch", "coverage", "check", "lint", "fix"}
    | {"up", "down", "build", "logs", "prune", "django"}
)
PURPOSES = ("embedded", "dev", "check")
PROGRAMS = {
    "python": "",
    "just": "",
    "uv": """
for lock; do :; done  # the last word
echo "begin $lock" >>told
sleep 0.2
echo "end $lock" >>told
""",
}


def listed() -> dict[str, str]:
    """The recipes that `./dev` lists, each with its comment."""
    answer = subprocess.run([ROOT / "dev"], capture_output=True, text=True, check=True)  # noqa: S603  ours
    return dict(re.findall(r"^    ([a-z]+)[^#\n]*(.*)$", answer.stdout, re.MULTILINE))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that holds only the script and the locks."""
    (tmp_path / "dev").write_bytes((ROOT / "dev").read_bytes())
    (tmp_path / "dev").chmod(0o755)
    for purpose in PURPOSES:
        (tmp_path / f"requirements-{purpose}.txt").write_text(f"uv==1\n{purpose}==1\n")
    return tmp_path


@pytest.fixture
def environment(checkout: Path) -> Path:
    """The checkout with a .venv whose programs only write to `told` what they are asked for."""
    programs = checkout / ".venv/bin"
    programs.mkdir(parents=True)
    for name, script in PROGRAMS.items():
        (programs / name).write_text(f"#!/bin/sh\n{script}")
        (programs / name).chmod(0o755)
    return checkout


def ask(folder: Path, recipe: str) -> list[str]:
    """Run `./dev RECIPE`, and return what it installs."""
    (folder / "told").write_text("")
    subprocess.run([folder / "dev", recipe], check=True, capture_output=True)  # noqa: S603  ours
    return [line for line in (folder / "told").read_text().splitlines() if "begin" in line]


def start_with(folder: Path, python: str) -> subprocess.CompletedProcess[str]:
    """Run `./dev` on a machine whose only Python is this script."""
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


@pytest.mark.parametrize("recipe", ["demo", "serve", "services", "manage"])
def test_dev_runs_the_command_of_the_recipe_without_just(recipe: str) -> None:
    command = [str(ROOT / ".venv/bin/just"), "--dry-run", recipe]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603  ours

    assert answer.stderr.startswith(f"exec python -m embedded {recipe}")
    assert (
        "demo | serve | services | manage) exec .venv/bin/python -m embedded"
        in (ROOT / "dev").read_text()
    )


@pytest.mark.parametrize(
    ("words", "processes"),
    [
        ("", "three"),
        ("-m slow", "three"),
        ("-m slow -x", "three"),
        ("-m slow --pdb", "one"),
        ("-m slow --trace", "one"),
        ("-m slow storage/tests", "one"),
        ("storage", "one"),
    ],
)
def test_many_tests_run_in_three_processes_unless_a_debugger_is_wanted(
    words: str, processes: str
) -> None:
    command = [str(ROOT / ".venv/bin/just"), "--dry-run", "test", *words.split()]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603  ours

    assert ("-n 3" in answer.stderr) == (processes == "three")


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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("recipe", "purpose"),
    [
        *(("demo", "embedded"), ("serve", "embedded"), ("manage", "embedded")),
        *(("test", "dev"), ("lint", "dev"), ("types", "dev"), ("lock", "dev"), ("--list", "dev")),
        ("check", "check"),
    ],
)
def test_a_recipe_installs_what_it_needs_once(environment: Path, recipe: str, purpose: str) -> None:
    assert ask(environment, recipe) == [f"begin requirements-{purpose}.txt"]
    assert ask(environment, recipe) == []


@pytest.mark.slow
def test_the_installed_packages_grow_with_the_need_and_never_shrink(environment: Path) -> None:
    installed = [ask(environment, recipe) for recipe in ("demo", "test", "check", "test", "demo")]

    assert installed == [*([f"begin requirements-{purpose}.txt"] for purpose in PURPOSES), [], []]


def test_a_changed_lock_is_installed_again_with_everything_that_was_there(
    environment: Path,
) -> None:
    ask(environment, "test")
    for purpose in PURPOSES:
        with (environment / f"requirements-{purpose}.txt").open("a") as lock:
            lock.write("another==1\n")

    assert ask(environment, "demo") == ["begin requirements-dev.txt"]
    assert ask(environment, "test") == []


def test_an_interrupted_installation_is_repeated(environment: Path) -> None:
    uv = environment / ".venv/bin/uv"
    script = uv.read_text()
    uv.write_text("#!/bin/sh\nexit 1\n")
    failed = subprocess.run([environment / "dev", "demo"], check=False, capture_output=True)  # noqa: S603  ours
    uv.write_text(script)

    assert failed.returncode == 1
    assert ask(environment, "demo") == ["begin requirements-embedded.txt"]


def test_recipes_started_at_once_install_one_after_the_other(environment: Path) -> None:
    commands = [[environment / "dev", recipe] for recipe in ("demo", "check", "test")]
    started = [subprocess.Popen(each, stderr=subprocess.DEVNULL) for each in commands]  # noqa: S603  ours

    assert [each.wait(timeout=60) for each in started] == [0, 0, 0]
    told = (environment / "told").read_text().splitlines()
    assert told == [f"{word} {line.split()[1]}" for line in told[::2] for word in ("begin", "end")]
    assert "end requirements-check.txt" in told


def test_ci_installs_every_program_that_a_test_asks_for() -> None:
    sources = "".join(path.read_text() for path in python_files(*APPS, *TOOLS))
    asked = {*re.findall(r'require_program\(\s*"[^"]+", package="([^"]+)"', sources)}

    assert asked >= {"nginx-light", "pgbouncer"}
    assert asked <= {*re.findall(r"[\w-]+", (ROOT / ".ci/run").read_text())}


def test_ci_runs_the_recipe_that_people_run() -> None:
    assert "./dev check" in (ROOT / ".ci/run").read_text()


def test_the_supervisor_needs_the_standard_library_only() -> None:
    foreign = [
        str(each)
        for each in project_imports("embedded")
        if each.target.partition(".")[0] not in {*sys.stdlib_module_names, "embedded"}
    ]

    assert foreign == []
