"""Enrichment next to decoding alone: `python -m lab.benchmarks.enrichment`.

600 JPEGs of about 150 kB. Ours ends with committed facts; the reference reads the same files with
the same decoders and writes nothing. Both run in this process, in turns, and are compared by CPU
time, because it hardly depends on what else the machine does. Exit status 1 if the median of the
ratios is above the goal.
"""

from __future__ import annotations

import resource
import statistics
import sys
from collections.abc import Callable

from lab.benchmarks import scratch
from lab.simulator.files import File, Links
from lab.simulator.process import start

FILES = 600
LOOKS = 40
ROUNDS = 5
GOAL = 1.2


def main() -> int:
    """Store the files, measure both in turns, and print the figures."""
    with start() as provider:
        links = Links(provider.cdn_url, "1", provider.control.now() + 86_400)
        files = [File("image", number % LOOKS, number) for number in range(1, FILES + 1)]
        with scratch.instance(MEDIA_TRUSTED_HOSTS=provider.cdn_host):
            _store([links.url(file) for file in files])
            return _compare()


def _store(urls: list[str]) -> None:
    from storage.download.batch import download_batch  # noqa: PLC0415  needs a configured Django

    scratch.want(urls)
    result = download_batch(len(urls))
    if result.stored != len(urls):
        raise SystemExit(f"not everything was stored: {result}")


def _compare() -> int:
    ratios = []
    for number in range(1, ROUNDS + 1):
        ours, alone = _milliseconds(_enrich), _milliseconds(_decode)
        ratios.append(ours / alone)
        scratch.say(f"round {number}: ours {ours:.2f} ms a file, decoding alone {alone:.2f} ms")
    ratio = statistics.median(ratios)
    scratch.say(f"median of ours / decoding alone: {ratio:.2f} (goal: {GOAL})")
    return int(ratio > GOAL)


def _milliseconds(work: Callable[[], int]) -> float:
    """CPU time of this process for each file, without that of PostgreSQL."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    files = work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    if files != FILES:
        raise SystemExit(f"{files} of {FILES} files were read")
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1000 * seconds / files


def _enrich() -> int:
    from storage import enrichment  # noqa: PLC0415  needs a configured Django
    from storage.models import StoredFile  # noqa: PLC0415  likewise

    StoredFile.objects.update(enriched_at=None, enrichment_attempts=0, enrichment_lease_until=None)
    return enrichment.enrich_due(seconds=600)


def _decode() -> int:
    from storage import store  # noqa: PLC0415  needs a configured Django
    from storage.formats import probe  # noqa: PLC0415  likewise
    from storage.models import StoredFile  # noqa: PLC0415  likewise

    files = list(StoredFile.objects.all())
    for file in files:
        with store.default().open(file.name) as opened:
            probe.examine(opened, file.media_type)
    return len(files)


if __name__ == "__main__":
    sys.exit(main())
