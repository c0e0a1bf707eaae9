"""The small file system that `./dev verify` fills up."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from lab.faults import disk

SHOWS_ITS_ARGUMENTS = """
import os, sys
from lab.faults import disk
disk.enter_namespace()
print(os.environ.get(disk.MARK), *sys.argv[1:])
"""


def test_the_same_command_goes_on_in_the_namespace() -> None:
    environment = {name: value for name, value in os.environ.items() if name != disk.MARK}

    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", SHOWS_ITS_ARGUMENTS, "matrix", "--seeds", "2"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    mark, _, words = done.stdout.strip().partition(" ")
    if mark == "None":
        pytest.skip("this machine forbids user namespaces")
    assert (mark, words) == ("1", "matrix --seeds 2")
