"""Each gate fails on bad code: a limit that is set but not selected has no effect."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.support.sources import ROOT

LADDER = "\n".join(f"    if x == {n}:\n        x += {n}" for n in range(9))
STATEMENTS = "\n".join(f"    x = {n}" for n in range(31))
RETURNS = "\n".join(f"    if x == {n}:\n        return {n}" for n in range(7))

BAD_CODE = {
    "C901": f"def f(x):\n{LADDER}\n    return x\n",
    "PLR0911": f"def f(x):\n{RETURNS}\n",
    "PLR0912": f"def f(x):\n{LADDER}\n    if x > 2:\n        x = 1\n    if x > 3:\n        x = 1\n",
    "PLR0913": "def f(a, b, c, d, e, f, g):\n    return a\n",
    "PLR0915": f"def f(x):\n{STATEMENTS}\n",
    "BLE001": "try:\n    f()\nexcept Exception:\n    g()\n",
    "E722": "try:\n    f()\nexcept:\n    g()\n",
    "T201": "print('hello')\n",
    "T100": "breakpoint()\n",
    "FBT001": "def f(quick: bool) -> None:\n    pass\n",
    "FBT002": "def f(quick=True):\n    pass\n",
    "TID251": "from unittest.mock import Mock\n",
    "TID252": "from . import models\n",
    "F403": "from core.models import *\n",
    "F841": "def f():\n    unused = 1\n",
    "ERA001": "# x = compute(1)\n",
    "DTZ005": "import datetime\n\nnow = datetime.datetime.now()\n",
    "PGH003": "x = 1  # type: ignore\n",
    "PGH004": "x = 1  # noqa\n",
    "RUF100": "x = 1  # noqa: S101  nothing to suppress\n",
    "S113": "import requests\n\nrequests.get('http://example.com')\n",
    "S608": "def f(x):\n    return f'SELECT * FROM users WHERE id = {x}'\n",
}
BAD_TYPES = """
from instagram.models import Post

def untyped(x):
    return x

def wrong() -> int:
    return "one"

Post.objects.filter(no_such_field=1)
"""


def ruff_codes(source: str, *, filename: str = "core/example.py") -> set[str]:
    command = [sys.executable, "-m", "ruff", "check", "--output-format=json", "--no-cache"]
    answer = subprocess.run(  # noqa: S603  our own linter on our own text
        [*command, "--stdin-filename", filename, "-"],
        input=source, capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    return {finding["code"] for finding in json.loads(answer.stdout)}


@pytest.mark.parametrize(("code", "source"), BAD_CODE.items(), ids=list(BAD_CODE))
def test_the_linter_reports_bad_code(code: str, source: str) -> None:
    assert code in ruff_codes(source)


def test_the_settings_module_is_closed_to_apps() -> None:
    assert "TID251" in ruff_codes("from config.settings import base\n")


def test_tests_may_assert() -> None:
    assert "S101" not in ruff_codes("assert True\n", filename="core/tests/test_example.py")


def test_the_formatter_is_a_gate() -> None:
    command = [sys.executable, "-m", "ruff", "format", "--check", "--stdin-filename", "x.py", "-"]

    answer = subprocess.run(command, input=b"x = {'a':1}\n", cwd=ROOT, capture_output=True)  # noqa: S603, PLW1510  the status is the answer

    assert answer.returncode == 1


@pytest.fixture(scope="module")
def type_errors() -> str:
    """What the type checker says of BAD_TYPES."""
    command = [sys.executable, "-m", "mypy", "-c", BAD_TYPES]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout  # noqa: S603  our own text


@pytest.mark.slow
def test_the_type_checker_is_strict(type_errors: str) -> None:
    assert "[no-untyped-def]" in type_errors
    assert "[return-value]" in type_errors


@pytest.mark.slow
def test_the_type_checker_knows_the_models(type_errors: str) -> None:
    assert "Cannot resolve keyword 'no_such_field'" in type_errors


def test_a_warning_fails_a_test(pytestconfig: pytest.Config) -> None:
    assert "error" in pytestconfig.getini("filterwarnings")
