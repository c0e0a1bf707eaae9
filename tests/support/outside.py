"""What some tests need from outside: programs of the system, packages of the largest lock.

A developer's machine may lack them: there the test is skipped, with the line that installs. CI
installs them, so there the test fails.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
from typing import Any, NoReturn

import pytest


def require_program(name: str, *, package: str) -> str:
    """The path of a program that this package of Debian holds."""
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    return path or _go_without(f"needs {name}: sudo apt-get install -y {package}")


def require_package(name: str) -> Any:
    """A module of requirements-check.txt. It is Any, as types are checked without that lock."""
    if importlib.util.find_spec(name) is None:
        _go_without(f"needs {name}: ./dev check")
    return importlib.import_module(name)


def _go_without(need: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(need, pytrace=False)
    pytest.skip(need, allow_module_level=True)
