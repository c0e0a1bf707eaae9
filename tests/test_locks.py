"""The locks are complete, agree with each other, and name no package index."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.metadata import packages_distributions
from itertools import pairwise
from typing import Any

import pytest

from tests.support.sources import (
    APPS,
    ROOT,
    TOOLS,
    imports,
    module_name,
    project_imports,
    python_files,
)

# What each lock is compiled from, besides what production needs. The smallest comes first.
GROUPS = {
    "requirements.txt": (),
    "requirements-embedded.txt": ("install", "embedded", "simulator"),
    "requirements-dev.txt": ("install", "embedded", "simulator", "dev"),
    "requirements-check.txt": ("install", "embedded", "simulator", "dev", "check"),
}
LOCKS = (*GROUPS,)
CLIENTS = "lab/clients/requirements.txt"  # of the generator of the Python client
# Declared for the tests, but production needs them too through another package.
OF_OTHERS = {"jsonschema", "pyyaml"}
PIN = re.compile(
    r"^([a-z0-9.-]+)==(\S+)(.*?)((?: \\\n    --hash=sha256:[0-9a-f]{64})*)$", re.MULTILINE
)
NAME = re.compile(r"^[A-Za-z0-9._-]+")


def pins(lock: str) -> set[tuple[str, str]]:
    return {(name, version) for name, version, *_ in PIN.findall((ROOT / lock).read_text())}


def names(lock: str) -> set[str]:
    return {name for name, _ in pins(lock)}


def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return found


def declared(group: str | None = None) -> set[str]:
    """The packages that pyproject.toml requires: of a group, or without one of production."""
    wanted = project()["optional-dependencies"][group] if group else project()["dependencies"]
    return {match.group().lower() for line in wanted if (match := NAME.match(line))}


@pytest.mark.parametrize("lock", [*LOCKS, CLIENTS])
def test_a_lock_names_no_address_and_no_folder(lock: str) -> None:
    text = (ROOT / lock).read_text()

    assert re.findall(r"://|index-url|find-links|file:|(?<![\w.])/\w+/.*", text) == []


@pytest.mark.parametrize("lock", [*LOCKS, CLIENTS])
def test_every_line_of_a_lock_is_a_pin_with_its_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text()

    rest = PIN.sub(lambda pin: "" if pin.group(4) else pin.group(), text)

    assert [line for line in rest.splitlines() if line and not line.startswith("#")] == []


def test_the_lock_of_npm_names_no_registry() -> None:
    lock = json.loads((ROOT / "lab/clients/package-lock.json").read_text())
    packages = {name: each for name, each in lock["packages"].items() if name}

    assert [name for name, each in packages.items() if "resolved" in each] == []
    assert [name for name, each in packages.items() if "integrity" not in each] == []


def test_the_generators_of_the_clients_have_exact_versions() -> None:
    package = json.loads((ROOT / "lab/clients/package.json").read_text())
    versions = package["dependencies"] | package["devDependencies"]
    [python] = (ROOT / "lab/clients/requirements.in").read_text().splitlines()

    assert [each for each in versions.values() if not re.fullmatch(r"\d+\.\d+\.\d+", each)] == []
    assert tuple(python.split("==")) in pins(CLIENTS)


@pytest.mark.parametrize(("smaller", "larger"), [*pairwise(LOCKS)])
def test_a_lock_holds_all_of_the_smaller_one(smaller: str, larger: str) -> None:
    assert pins(smaller) < pins(larger)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_all_packages_of_its_groups(lock: str) -> None:
    assert declared().union(*map(declared, GROUPS[lock])) <= names(lock)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_no_package_of_a_larger_group(lock: str) -> None:
    foreign = {*GROUPS["requirements-check.txt"]} - {*GROUPS[lock]}

    assert names(lock).isdisjoint(set().union(*map(declared, foreign)) - OF_OTHERS)


def test_every_group_of_the_project_is_in_a_lock() -> None:
    assert {*project()["optional-dependencies"]} == {*GROUPS["requirements-check.txt"]}


@pytest.mark.slow
def test_no_module_imports_a_package_that_only_the_largest_lock_holds() -> None:
    alone = names("requirements-check.txt") - names("requirements-dev.txt")
    modules = {name.replace("-", "_") for name in alone}

    found = [
        str(each)
        for path in python_files(*APPS, *TOOLS)
        for each in imports(module_name(path), path.read_text())
        if each.target.partition(".")[0] in modules
    ]

    assert found == []  # tests use tests.support.outside instead


@pytest.mark.slow
def test_the_product_and_the_simulator_import_nothing_of_the_test_tools() -> None:
    tools = names("requirements-check.txt") - names("requirements-embedded.txt")
    modules = {
        module
        for module, packages in packages_distributions().items()
        if tools.issuperset(package.lower().replace("_", "-") for package in packages)
    }

    found = project_imports(*APPS, "config", "embedded", "lab/simulator")

    assert "pytest" in modules
    assert [str(each) for each in found if each.target.partition(".")[0] in modules] == []


def test_every_dependency_says_why_it_is_there() -> None:
    text = (ROOT / "pyproject.toml").read_text().partition("[tool.")[0]

    silent = [line.strip() for line in text.splitlines() if re.match(r'\s+"[^"]+",$', line)]

    assert silent == []
