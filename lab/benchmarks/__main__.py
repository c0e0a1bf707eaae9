"""`./dev bench [NAME…]`: run all benchmarks, or the named ones, each in a separate process."""

from __future__ import annotations

import subprocess
import sys

MEASUREMENTS = {
    "archive": "three profiles, 1,000 posts, twice, compared with the simulator",
    "large": "one profile, 10,000 posts, about 25,000 files, 4 workers; then unchanged",
    "downloads": "2,000 files next to curl",
    "memory": "a video of 1 GB",
    "statements": "statements per page of posts",
    "dispatcher": "the schedule at 100,000 profiles next to bare SELECTs",
    "paces": "a month of stories, polled adaptively and at fixed intervals",
    "list_latency": "lists at 100,000 posts next to their bare SQL",
}


def main(names: list[str]) -> int:
    """Run the benchmarks in order; 1 if one of them failed, 2 for an unknown name."""
    if unknown := sorted(set(names) - set(MEASUREMENTS)):
        sys.stderr.write(f"no such measurement: {', '.join(unknown)}; {', '.join(MEASUREMENTS)}\n")
        return 2
    return max(_measure(name) for name in names or MEASUREMENTS)


def _measure(name: str) -> int:
    sys.stdout.write(f"\n{name}: {MEASUREMENTS[name]}\n")
    sys.stdout.flush()
    # A process each: Django can be set up only once, and peak memory is a process's own.
    done = subprocess.run([sys.executable, "-m", f"lab.benchmarks.{name}"], check=False)  # noqa: S603  ours
    return int(done.returncode != 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
