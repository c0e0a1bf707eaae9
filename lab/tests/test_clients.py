"""What `./dev clients` says when a program is missing or a step fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.clients import __main__ as command
from lab.clients import generate, tools
from tests.support.sources import ROOT


def clients(path: Path) -> subprocess.CompletedProcess[str]:
    """Run the command on a machine whose only programs are in this folder."""
    return subprocess.run(
        [sys.executable, "-m", "lab.clients"],
        cwd=ROOT,
        env={**os.environ, "PATH": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("version", [None, "v18.20.4", "v20.18.9", "no version"])
def test_without_a_new_enough_node_it_names_the_line_that_installs_it(
    tmp_path: Path, version: str | None
) -> None:
    for program in ("node", "npm") if version else ():
        (tmp_path / program).write_text(f"#!/bin/sh\necho {version}\n")
        (tmp_path / program).chmod(0o755)

    answer = clients(tmp_path)

    assert (answer.returncode, answer.stdout) == (2, "")
    assert "Node 20.19 or newer: sudo apt-get install -y nodejs npm" in answer.stderr


def test_a_step_that_fails_says_what_its_program_wrote() -> None:
    with pytest.raises(tools.StepFailed, match="out of paper\nsh failed"):
        tools.run("sh", "-c", "echo out of paper; exit 3")


def test_wrong_usage_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["--bogus"])

    assert ended.value.code == 2
    assert "unrecognized arguments: --bogus" in capsys.readouterr().err


def test_what_needs_no_account_has_no_security_in_the_document_of_the_python_client() -> None:
    paths = generate.without_optional_security()["paths"]

    assert "security" not in paths["/authentication/login/"]["post"]
    assert "security" in paths["/instagram/costs/"]["get"]
