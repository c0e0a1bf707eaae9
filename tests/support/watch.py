"""`./dev watch`: after each saved change, run the tests of the folders that changed.

With arguments, as in `./dev watch instagram -k story`, it runs those each time. Tests that failed
run first.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from watchfiles import PythonFilter, watch

from tests.support.sources import APPS, FEATURES, ROOT, TOOLS

ROOMS = (*APPS, *FEATURES, *TOOLS)
PYTEST = (sys.executable, "-m", "pytest", "--failed-first", "-m", "not slow")


def rooms(changed: Iterable[str]) -> list[str]:
    """The top folders that changed, or all folders with tests if `conftest.py` of the root did."""
    tops = {Path(path).relative_to(ROOT).parts[0] for path in changed}
    return sorted(tops if tops <= {*ROOMS} else {*ROOMS} - {"config"})


def main(arguments: Sequence[str]) -> None:
    """Watch until Ctrl-C. Slow tests are left to `./dev test`."""
    folders = [ROOT / room for room in ROOMS]
    sys.stderr.write("Waiting for a saved Python file, until Ctrl-C.\n")
    with suppress(KeyboardInterrupt):
        for changes in watch(*folders, ROOT / "conftest.py", watch_filter=PythonFilter()):
            chosen = arguments or rooms(path for _, path in changes)
            subprocess.run([*PYTEST, *chosen], cwd=ROOT, check=False)  # noqa: S603  our own tests


if __name__ == "__main__":
    main(sys.argv[1:])
