"""`./dev bench versus REVISION [NAME…]`: compare a revision with the files of this checkout.

    ./dev bench versus HEAD~1
    ./dev bench versus 0566c01 reads

Exit status 0: every target was met, 1: one was not, 2: bad usage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

from lab.benchmarks import scratch
from lab.benchmarks.versus import archiving, load, local, reads, revisions
from lab.benchmarks.versus.revisions import Revision
from lab.benchmarks.versus.table import HEADER, Line

Measure = Callable[[Revision, Revision], Iterator[Line]]
MEASUREMENTS: dict[str, Measure] = {
    "reads": reads.measure,
    "load": load.measure,
    "archiving": archiving.measure,
    "local": local.measure,
}


def main(words: Sequence[str]) -> int:
    options = parser().parse_args(words)
    lines: list[Line] = []
    for name in options.names or MEASUREMENTS:
        lines += compare(options.revision, MEASUREMENTS[name])
    return int(not all(line.is_met for line in lines))


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        "./dev bench versus",
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("revision", help="a commit, tag or branch")
    made.add_argument("names", nargs="*", metavar="NAME", choices=[*MEASUREMENTS, []],
                      help=f"some of {', '.join(MEASUREMENTS)}; by default all")  # fmt: skip
    return made


def compare(revision: str, measure: Measure) -> list[Line]:
    """Print each line as soon as it is known."""
    with ExitStack() as stack:
        old = stack.enter_context(revisions.prepared("old", revisions.checkout(revision), redis=4))
        new = stack.enter_context(revisions.prepared("new", revisions.ROOT, redis=8))
        scratch.say(HEADER)
        lines = []
        for line in measure(old, new):
            scratch.say(str(line))
            lines.append(line)
    return lines


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
