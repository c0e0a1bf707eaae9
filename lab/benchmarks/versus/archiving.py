"""Time and CPU of downloads, of enrichment, and of a whole archive run."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

from lab.benchmarks.versus import processes
from lab.benchmarks.versus.revisions import Revision
from lab.benchmarks.versus.table import Line
from lab.simulator.files import File, Links
from lab.simulator.process import SimulatorProcess, start

ROUNDS = 2
WARM_UP = 64
FILES = 2000
LOOKS = 40
POSTS = 1500
DOWNLOAD_GOAL = 0.45
GOAL = 0.5
PATIENCE = 600.0
REST = 12.0
"""Seconds after which all workers have started."""
CREW = {"archive,downloads": 2, "files": 2, "stories,default": 2}
"""The processes of each worker, as `./dev serve` starts them."""

# In words that every revision understands.
WANT = """
INSERT INTO storage_asset (
    owner_kind, owner_id, role, source_name, url, priority, state, attempts, renewals,
    next_attempt_at, error_code, error, created_at, updated_at)
SELECT 'post', '1', 'image', name, url, 1, 'wanted', 0, 0, now(), '', '', now(), now()
  FROM unnest(%s::text[], %s::text[]) AS wanted(name, url)
"""
STORED = "SELECT count(*) FROM storage_asset WHERE state = 'stored'"
ENRICHED = "SELECT count(*) FROM storage_storedfile WHERE enriched_at IS NOT NULL"
FILES_STORED = "SELECT count(*) FROM storage_storedfile"
LEASE = (
    "UPDATE storage_storedfile SET enrichment_lease_until = now() + interval '1 hour'"
    " WHERE enriched_at IS NULL"
)
RELEASE = """
UPDATE storage_storedfile SET enrichment_lease_until = NULL WHERE id IN (
       SELECT id FROM storage_storedfile WHERE enriched_at IS NULL ORDER BY id LIMIT %s)
"""


@dataclass(frozen=True)
class Spent:
    """What some work took: seconds, and seconds of CPU, the database included."""

    seconds: float
    cpu_seconds: float


@dataclass
class Workers:
    """Running workers of a revision."""

    revision: Revision
    pids: list[int] = field(default_factory=list)

    def cost(self, work: Callable[[], object]) -> Spent:
        before, began = self._cpu_seconds(), time.monotonic()
        work()
        return Spent(time.monotonic() - began, self._cpu_seconds() - before)

    def send(self, task: str, queue: str) -> None:
        with self.revision.run(
            "celery", "-A", "config.celery_app", "call", task, f"--queue={queue}"
        ) as sent:
            sent.wait()

    def wait(self, query: str, count: int) -> None:
        """Wait until the query counts so many rows. Raises SystemExit."""
        deadline = time.monotonic() + PATIENCE
        with psycopg.connect(self.revision.database, autocommit=True) as connection:
            while _counted(connection, query) < count:
                if time.monotonic() > deadline:
                    raise SystemExit(f"{self.revision.name}: {query} is below {count} for too long")
                time.sleep(0.2)

    def _cpu_seconds(self) -> float:
        started = (processes.postmaster(self.revision.database), *self.pids)
        return sum(map(processes.cpu_seconds, started))


def measure(old: Revision, new: Revision) -> Iterator[Line]:
    """Let both archive the same files, in turns, each with workers of its own."""
    found: list[list[list[float]]] = [[], [], [], []]
    for number in range(ROUNDS):
        both = [[*_files(each, number), *_run(each, number)] for each in (old, new)]
        for rounds, figures in zip(found, zip(*both, strict=True), strict=True):
            rounds.append([*figures])
    run = f"archive {POSTS} posts"
    works = ("download: ms CPU a file", "enrichment: ms CPU a file",
             f"{run}: seconds", f"{run}: ms CPU a file")  # fmt: skip
    for work, rounds in zip(works, found, strict=True):
        before, after = (statistics.median(each) for each in zip(*rounds, strict=True))
        yield Line(work, before, after, most=DOWNLOAD_GOAL if "download" in work else GOAL)


def _files(revision: Revision, number: int) -> tuple[float, float]:
    """Download files that belong to no post, then enrich them: ms of CPU for each."""
    with start(first_byte_delay_ms=30) as provider:
        urls = _urls(provider, number)
        with working(revision, {"downloads": 1}, provider) as workers:
            _download(workers, urls[:WARM_UP])
            downloads = workers.cost(lambda: _download(workers, urls[WARM_UP:]))
        execute(revision, LEASE)  # the downloads have sent messages that a worker takes at once
        with working(revision, {"files": 1}, provider) as workers:
            _enrich(workers, WARM_UP)
            enrichment = workers.cost(lambda: _enrich(workers, FILES))
    return 1000 * downloads.cpu_seconds / FILES, 1000 * enrichment.cpu_seconds / FILES


def _urls(provider: SimulatorProcess, number: int) -> list[str]:
    links = Links(provider.cdn_url, "1", provider.control.now() + 86_400)
    numbers = range(number * 100_000, number * 100_000 + WARM_UP + FILES)
    return [links.url(File("image", each % LOOKS, each)) for each in numbers]


def _download(workers: Workers, urls: list[str]) -> None:
    before = counted(workers.revision, STORED)
    names = [url.partition("?")[0].rpartition("/")[2] for url in urls]
    execute(workers.revision, WANT, names, urls)
    workers.send("instagram.download_assets", "downloads")
    workers.wait(STORED, before + len(urls))


def _enrich(workers: Workers, count: int) -> None:
    before = counted(workers.revision, ENRICHED)
    execute(workers.revision, RELEASE, count)
    workers.send("storage.enrich", "files")
    workers.wait(ENRICHED, before + count)


def _run(revision: Revision, number: int) -> tuple[float, float]:
    """Archive a profile with all its files: seconds, and ms of CPU for each file."""
    with start(world="edges", seed=1) as provider:
        plan = {"username": f"large.{number}", "posts": POSTS, "largest_carousel": 8}
        provider.control.edit("add_profile", plan=plan)
        with working(revision, CREW, provider, beat=True) as workers:
            before, command = counted(revision, FILES_STORED), -_commands()
            cost = workers.cost(lambda: _archive(workers, plan["username"], provider))
            # Before the simulator and the workers end, which are children too.
            command += _commands()
            files = counted(revision, FILES_STORED) - before
    return cost.seconds, 1000 * (cost.cpu_seconds + command) / files


def _commands() -> float:
    """Seconds of CPU of the commands that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _archive(workers: Workers, name: object, provider: SimulatorProcess) -> None:
    variables = outside(provider)
    workers.revision.manage("archive", str(name), "--wait", "--json", **variables)
    workers.wait(ENRICHED, counted(workers.revision, FILES_STORED))


@contextmanager
def working(
    revision: Revision, crew: Mapping[str, int], provider: SimulatorProcess, *, beat: bool = False
) -> Iterator[Workers]:
    """Run a worker for each of the queues, and beat, until all of them have started."""
    commands = [
        ("worker", f"--concurrency={number}", f"--hostname={queues}@%h", "-Q", queues)
        for queues, number in crew.items()
    ]
    with ExitStack() as stack:
        workers = Workers(revision)
        for command in [*commands, *([("beat",)] if beat else [])]:
            words = ("celery", "-A", "config.celery_app", *command, "--loglevel=ERROR")
            started = stack.enter_context(revision.run(*words, **outside(provider)))
            workers.pids.append(started.pid)
        time.sleep(REST)
        yield workers


def outside(provider: SimulatorProcess) -> dict[str, str]:
    """The variables that lead to a provider."""
    return {
        "CORE_API_URL": provider.core_api_url,
        "CORE_API_TOKEN": provider.token,
        "MEDIA_TRUSTED_HOSTS": provider.cdn_host,
    }


def counted(revision: Revision, query: str) -> int:
    with psycopg.connect(revision.database) as connection:
        return _counted(connection, query)


def _counted(connection: psycopg.Connection[Any], query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    return int(row[0]) if row else 0


def execute(revision: Revision, statement: str, *parameters: object) -> None:
    with psycopg.connect(revision.database) as connection:
        connection.execute(statement.encode(), parameters or None)
