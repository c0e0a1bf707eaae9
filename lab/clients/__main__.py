"""`./dev clients`: make typed clients of the REST API, in TypeScript and in Python.

Exit status 0: made, and their types are right; 1: a step failed; 2: bad usage, or a program is
missing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from lab.clients import generate, tools

REPORT = """\
{folder}/typescript  an npm package:     npm install {folder}/typescript
{folder}/python      a Python package:   pip install {folder}/python
docs/api.md#clients shows the first calls.
"""


def main(words: Sequence[str]) -> int:
    options = parser().parse_args(words)
    try:
        tools.install()
        if not options.install:
            sys.stdout.write(make())
    except tools.NodeMissing as error:
        sys.stderr.write(f"clients: {error}\n")
        return 2
    except tools.StepFailed as error:
        sys.stderr.write(f"clients: {error}\n")
        return 1
    return 0


def make() -> str:
    """Make both clients, and return how to use them."""
    generate.typescript(tools.FOLDER / "typescript")
    generate.python(tools.FOLDER / "python")
    return REPORT.format(folder=f"./{tools.FOLDER.relative_to(tools.ROOT)}")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        "./dev clients", description=__doc__, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    made.add_argument("--install", action="store_true", help="install the generators only")
    return made


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
