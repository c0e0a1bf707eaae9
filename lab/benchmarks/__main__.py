"""`./dev bench [NAME…]`: run all benchmarks, or the named ones, each in a separate process.

    ./dev bench downloads statements
    ./dev bench versus HEAD~1           compare another revision; see ./dev bench versus --help

Exit status 0: all ran and met their goals, 1: one did not, 2: bad usage, 130: interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from embedded import supervisor

MEASUREMENTS = {
    "archive": "three profiles, 1,000 posts, twice, compared with the simulator",
    "large": "one profile, 10,000 posts, about 25,000 files, 4 workers; then unchanged",
    "downloads": "2,000 files next to curl",
    "enrichment": "600 images next to decoding alone",
    "memory": "a video of 1 GB",
    "statements": "statements per page of posts",
    "dispatcher": "the schedule at 100,000 profiles next to bare SELECTs",
    "paces": "a month of stories, polled adaptively and at fixed intervals",
    "list_latency": "lists at 100,000 posts next to their bare SQL",
    "flat": "pages at 1,000,000 posts next to those at 10,000; takes 15 minutes",
}
SIGNALLED = 128
"""Above it, the exit status of a shell says which signal ended a program."""
MODULES = {"flat": "versus.flat"}  # the others have the module of their name


def main(words: Sequence[str]) -> int:
    if words[:1] == ["versus"]:
        return _run("versus", *words[1:])
    options = parser().parse_args(words)
    return max(_measure(name) for name in options.names or MEASUREMENTS)


def parser() -> argparse.ArgumentParser:
    described = "\n".join(f"{name:14}{what}" for name, what in MEASUREMENTS.items())
    made = argparse.ArgumentParser(
        "./dev bench",
        description=f"{__doc__}\n{described}",
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("names", nargs="*", metavar="NAME", type=known)
    return made


def known(name: str) -> str:
    """Check the name of a benchmark. Raises ArgumentTypeError."""
    if name not in MEASUREMENTS:
        raise argparse.ArgumentTypeError(f"no benchmark {name!r}; one of {', '.join(MEASUREMENTS)}")
    return name


def module(name: str) -> str:
    """The module of a benchmark, which is run as a program."""
    return f"lab.benchmarks.{MODULES.get(name, name)}"


def _measure(name: str) -> int:
    sys.stdout.write(f"\n{name}: {MEASUREMENTS[name]}\n")
    sys.stdout.flush()
    status = _run(name)
    if status > SIGNALLED:  # the signal is meant for those that would follow, too
        sys.exit(status)
    return int(status != 0)


def _run(name: str, *words: str) -> int:
    # A process each: Django can be set up only once, and peak memory is a process's own.
    command = [sys.executable, "-m", module(name), *words]
    return supervisor.run_to_the_end(command, os.environ)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
