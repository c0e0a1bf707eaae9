"""Programs of the system and packages of the largest lock, which only some tests need.

On a developer's machine a test without them is skipped, and names the command that installs them.
CI installs them, so there the test fails.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
from typing import Any, NoReturn

import pytest


def require_program(name: str, *, package: str) -> str:
    """The path of a program from this package of Debian."""
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    return path or _go_without(f"needs {name}: sudo apt-get install -y {package}")


def require_package(name: str) -> Any:
    """A module from requirements-check.txt. It is Any because mypy runs without that lock."""
    if importlib.util.find_spec(name) is None:
        _go_without(f"needs {name}: ./dev check")
    return importlib.import_module(name)


def require_installed(name: str, *, is_there: bool, command: str) -> None:
    """Go on only if it is there. The command of this project installs it."""
    if not is_there:
        _go_without(f"needs {name}: {command}")


def _go_without(need: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(need, pytrace=False)
    pytest.skip(need, allow_module_level=True)
