"""Peak memory while a video of 1 GB is stored: `python -m lab.benchmarks.memory`.

A real Celery worker with one child stores it. The memory of both processes is read every 20 ms,
counting shared pages once (PSS), and their high-water marks at the end. Exit status 1 at 200 MB or
more.
"""

from __future__ import annotations

import re
import sys
import time
import uuid
from pathlib import Path

from lab.benchmarks import scratch
from lab.simulator.files import File, Links
from lab.simulator.process import start

VIDEO = File("video", 1, 1, padding=1024)
GOAL = 200_000  # kB
TIMEOUT = 300.0  # seconds


def main() -> int:
    with start() as provider:
        links = Links(provider.cdn_url, "1", provider.control.now() + 86_400)
        with scratch.instance(MEDIA_TRUSTED_HOSTS=provider.cdn_host) as environment:
            scratch.want([links.url(VIDEO)])
            return _measure(environment)


def _measure(environment: dict[str, str]) -> int:
    from celery import current_app  # noqa: PLC0415  needs a configured Django

    queue = f"bench-{uuid.uuid4().hex}"  # our own queue, because the broker may have other workers
    options = ("--concurrency", "1", "--loglevel", "ERROR", "-Q", queue)
    with scratch.celery(environment, "worker", *options) as worker:
        idle = _settled(worker)
        current_app.send_task("instagram.download_assets", queue=queue)
        peak, seconds = _watch(worker)
        marks = [_kilobytes(pid, "status", "VmHWM") for pid in _family(worker)]
    scratch.say(f"stored 1 GB in {seconds:.1f} s")
    scratch.say(f"idle worker and child: {idle / 1000:.0f} MB")
    scratch.say(f"peak of both together: {peak / 1000:.0f} MB (goal: below {GOAL / 1000:.0f} MB)")
    scratch.say(f"high-water marks: {', '.join(f'{mark / 1000:.0f} MB' for mark in marks)}")
    return int(peak >= GOAL)


def _settled(worker: int) -> int:
    """The memory of both processes, once the child exists and their memory is stable."""
    before = 0
    while len(_family(worker)) < 2 or before != (before := _together(worker)):
        time.sleep(1)
    return before


def _watch(worker: int) -> tuple[int, float]:
    """The peak of both together until the video is stored, and the duration."""
    from storage.models import Asset  # noqa: PLC0415  needs a configured Django

    peak, began = 0, time.monotonic()
    while not Asset.objects.stored().exists():
        if time.monotonic() - began > TIMEOUT:
            raise SystemExit(f"not stored after {TIMEOUT:.0f} s")
        # PSS counts a page that both processes share once; RSS would count it twice.
        peak = max(peak, _together(worker))
        time.sleep(0.02)
    return peak, time.monotonic() - began


def _together(worker: int) -> int:
    return sum(_kilobytes(pid, "smaps_rollup", "Pss") for pid in _family(worker))


def _family(worker: int) -> list[int]:
    children = Path(f"/proc/{worker}/task/{worker}/children").read_text().split()
    return [worker, *map(int, children)]


def _kilobytes(pid: int, file: str, name: str) -> int:
    found = re.search(
        rf"^{name}:\s+(\d+) kB", Path(f"/proc/{pid}/{file}").read_text(), re.MULTILINE
    )
    return int(found[1]) if found else 0


if __name__ == "__main__":
    sys.exit(main())
