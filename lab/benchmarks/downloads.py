"""Downloads next to curl: `python -m lab.benchmarks.downloads`.

2,000 files of about 150 kB from a CDN in its own process with 30 ms to the first byte. Ours ends
with hashed and synced files and committed rows; curl only writes files. Both use the same number
of connections, in turns. Exit status 1 if the median is below 0.85 of curl's.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from lab.benchmarks import scratch
from lab.simulator.files import File, Links
from lab.simulator.process import start

FILES = 2_000
CONNECTIONS = 16
ROUNDS = 5
LOOKS = 40
GOAL = 0.85


def main() -> int:
    """Measure both in turns and print the figures."""
    with start(first_byte_delay_ms=30) as provider:
        links = Links(provider.cdn_url, "1", provider.control.now() + 86_400)
        files = [File("image", number % LOOKS, number) for number in range(1, FILES + 1)]
        with scratch.instance(MEDIA_TRUSTED_HOSTS=provider.cdn_host):
            return _compare([links.url(file) for file in files])


def _compare(urls: list[str]) -> int:
    _by_curl(urls[:LOOKS])  # the CDN draws its pictures before the measurement
    # In turns, so that a busy moment of the machine slows down both.
    ours, curls = [], []
    for number in range(1, ROUNDS + 1):
        ours.append(_rate(_by_us, urls))
        curls.append(_rate(_by_curl, urls))
        scratch.say(f"round {number}: ours {ours[-1]:.0f} files/s, curl {curls[-1]:.0f} files/s")
    ratio = statistics.median(ours) / statistics.median(curls)
    scratch.say(f"median of ours / median of curl: {ratio:.2f} (goal: {GOAL})")
    return int(ratio < GOAL)


def _rate(download: Callable[[list[str]], float], urls: list[str]) -> float:
    return len(urls) / download(urls)


def _by_us(urls: list[str]) -> float:
    """The seconds until every row is committed, with the default settings."""
    from storage.download.batch import download_batch  # noqa: PLC0415  needs a configured Django

    scratch.want(urls)
    began = time.monotonic()
    result = download_batch(len(urls))
    seconds = time.monotonic() - began
    if result.stored != len(urls):
        raise SystemExit(f"not everything was stored: {result}")
    return seconds


def _by_curl(urls: list[str]) -> float:
    """Seconds until every file is written."""
    with tempfile.TemporaryDirectory(prefix="bench_") as folder:
        listed = Path(folder, "urls")
        lines = (f'url = "{url}"\noutput = "{folder}/{n}"\n' for n, url in enumerate(urls))
        listed.write_text("".join(lines))
        command = ["curl", "--silent", "--show-error", "--fail", "--no-progress-meter"]
        command += ["--parallel", "--parallel-max", str(CONNECTIONS), "--config", str(listed)]
        began = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603  ours
        return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
