"""The locks: complete, in step with each other, and silent about where files come from."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.support.sources import ROOT

LOCKS = ("requirements.txt", "requirements-dev.txt")
PIN = re.compile(
    r"^([a-z0-9.-]+)==(\S+)(.*?)((?: \\\n    --hash=sha256:[0-9a-f]{64})*)$", re.MULTILINE
)
NAME = re.compile(r"^[A-Za-z0-9._-]+")


def pins(lock: str) -> set[tuple[str, str]]:
    """Name and version of everything in a lock."""
    return {(name, version) for name, version, *_ in PIN.findall((ROOT / lock).read_text())}


def names(lock: str) -> set[str]:
    """The names of everything in a lock."""
    return {name for name, _ in pins(lock)}


def declared(group: str | None = None) -> set[str]:
    """What pyproject.toml asks for, in a group or for production."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["optional-dependencies"][group] if group else project["dependencies"]
    return {match.group().lower() for line in wanted if (match := NAME.match(line))}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address_and_no_folder(lock: str) -> None:
    text = (ROOT / lock).read_text()

    assert re.findall(r"://|index-url|find-links|file:|(?<![\w.])/\w+/.*", text) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_a_pin_with_its_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text()

    rest = PIN.sub(lambda pin: "" if pin.group(4) else pin.group(), text)

    assert [line for line in rest.splitlines() if line and not line.startswith("#")] == []


def test_production_runs_what_development_tested() -> None:
    assert pins("requirements.txt") <= pins("requirements-dev.txt")


@pytest.mark.parametrize("group", ["embedded", "simulator", "dev"])
def test_everything_declared_for_development_is_locked(group: str) -> None:
    assert declared(group) <= names("requirements-dev.txt")


def test_everything_declared_for_production_is_locked() -> None:
    assert declared() <= names("requirements.txt")


@pytest.mark.parametrize("group", ["embedded", "simulator", "dev"])
def test_production_has_nothing_that_is_declared_for_development_only(group: str) -> None:
    assert declared(group) & names("requirements.txt") <= {"jsonschema", "pyyaml"}


def test_every_dependency_says_why_it_is_there() -> None:
    text = (ROOT / "pyproject.toml").read_text().partition("[tool.")[0]

    silent = [line.strip() for line in text.splitlines() if re.match(r'\s+"[^"]+",$', line)]

    assert silent == []
