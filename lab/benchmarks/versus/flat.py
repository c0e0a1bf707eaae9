"""Pages of a small archive beside those of a hundredfold one: `./dev bench flat`.

The figures are CPU time of web and database for a request. Seeding the large archive takes most of
the time. Exit status 1 if a page costs more than GOAL times what it costs in the small archive.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterator
from contextlib import ExitStack

from lab.benchmarks import scratch
from lab.benchmarks.versus import reads, revisions
from lab.benchmarks.versus.reads import Server
from lab.benchmarks.versus.revisions import Revision
from lab.benchmarks.versus.table import Line

SMALL = ("--profiles=1000", "--posts=10000", "--stories=5000")
LARGE = ("--profiles=100000", "--posts=1000000", "--stories=500000")
GOAL = 1.2
ROUNDS = 3
DEEP = 1000
"""The page that is compared with the first one of the same archive."""
FIRST_PAGES = {
    **{
        name: reads.PAGES[name]
        for name in (
            "posts list", "posts search", "stories list", "users list", "users search",
            "users search without a hit", "user history",
        )
    },
    "posts search by a common name": "/instagram/posts/?search=tanaka",
    "statistic": "/instagram/statistic/",
}  # fmt: skip
HEADER = f"{'ms CPU a request':52} {'small':>9} {'large':>9} {'ratio':>9}  {'target':13} met"


def main() -> int:
    """Seed both archives, serve them, and print a line for each page."""
    with ExitStack() as stack:
        small, large = (
            stack.enter_context(revisions.prepared(name, revisions.ROOT, redis=redis))
            for name, redis in (("small", 4), ("large", 8))
        )
        _seed(small, SMALL)
        _seed(large, LARGE)
        before, after = (stack.enter_context(reads.serving(each)) for each in (small, large))
        for server in (before, after):
            server.keys = reads.keys(server)
        scratch.say(HEADER)
        missed = 0
        for line in _lines(before, after):
            scratch.say(str(line))
            missed += not line.is_met
    return int(bool(missed))


def _seed(revision: Revision, size: tuple[str, ...]) -> None:
    scratch.say(f"seeding {revision.name}: {' '.join(size)} …")
    revision.manage("seed", *size, "--json")
    scratch.execute(revision.database, "VACUUM ANALYZE")


def _lines(small: Server, large: Server) -> Iterator[Line]:
    for name, path in FIRST_PAGES.items():
        yield _compared(name, (small, large), (path, path))
    for name in ("posts list", "users list"):
        first = reads.PAGES[name]
        deep = _followed(large, first)
        yield _compared(f"{name}: page {DEEP} beside page 1", (large, large), (first, deep))


def _compared(work: str, servers: tuple[Server, Server], paths: tuple[str, str]) -> Line:
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for times, server, path in zip(found, servers, paths, strict=True):
            times.append(reads.cpu_ms(server, reads.fresh(path)))
    before, after = (statistics.median(times) for times in found)
    return Line(work, before, after, most=GOAL)


def _followed(server: Server, path: str) -> str:
    """The path of the page that many `next` links lead to."""
    for _ in range(DEEP - 1):
        following = str(json.loads(server.get(path))["next"])
        path = following.partition(server.address)[2]
    return path


if __name__ == "__main__":
    sys.exit(main())
