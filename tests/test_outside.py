"""A missing program or package skips a test, and fails it in CI."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.support import outside

MISSING = {
    "needs no-such-program: sudo apt-get install -y its-package": partial(
        outside.require_program, "no-such-program", package="its-package"
    ),
    "needs no_such_package: ./dev check": partial(outside.require_package, "no_such_package"),
    "needs its tools: ./dev tools": partial(
        outside.require_installed, "its tools", is_there=False, command="./dev tools"
    ),
}
missing = pytest.mark.parametrize(("message", "require"), MISSING.items())


@missing
def test_without_ci_a_missing_need_skips_with_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, message: str, require: Callable[[], object]
) -> None:
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(pytest.skip.Exception) as skipped:
        require()

    assert skipped.value.msg == message
    assert skipped.value.allow_module_level


@missing
def test_in_ci_a_missing_need_fails(
    monkeypatch: pytest.MonkeyPatch, message: str, require: Callable[[], object]
) -> None:
    monkeypatch.setenv("CI", "true")

    with pytest.raises(pytest.fail.Exception) as failed:
        require()

    assert failed.value.msg == message


def test_an_installed_program_or_package_is_returned() -> None:
    assert Path(outside.require_program(sys.executable, package="python3")).exists()
    assert outside.require_package("json") is json
