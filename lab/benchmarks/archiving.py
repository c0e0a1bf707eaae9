"""Shared by the benchmarks of whole archives: a provider, workers and the final comparison."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from lab.benchmarks import scratch
from lab.simulator.process import SimulatorProcess, start

LEFT_ALONE = (
    "instagram_user", "instagram_post", "instagram_postmedia", "instagram_story",
    "instagram_highlight", "instagram_highlightitem", "instagram_historicaluser",
    "instagram_historicalpost", "instagram_changeevent", "instagram_profilemetric",
    "storage_asset", "storage_storedfile",
)  # fmt: skip
WORKER = ("worker", "--loglevel", "ERROR")
BEAT = ("beat", "--loglevel", "ERROR")

Environment = dict[str, str]
Report = dict[str, Any]
# Owner kind, owner id, role, source name.
FileKey = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Archive:
    """A running instance and the provider that it archives from."""

    environment: Environment
    provider: SimulatorProcess

    def run(self, *profiles: str) -> Report:
        """Archive the profiles with all files; returns the command's JSON and `seconds`."""
        began = time.monotonic()
        printed = manage(self.environment, "archive", *profiles, "--wait", "--json")
        return {**json.loads(printed), "seconds": time.monotonic() - began}

    def row_versions(self) -> dict[str, object]:
        """The number of rows of each table and the transactions that wrote them."""
        with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
            return {
                table: connection.execute(
                    # An update gives a row a new ctid and xmin, even if no column changes.
                    f"SELECT count(*), sum(hashtext(ctid::text || xmin::text)) FROM {table}"  # noqa: S608  constants
                ).fetchone()
                for table in LEFT_ALONE
            }

    def differences(self) -> int:
        """The number of files that are missing, unexpected, or different from the provider's."""
        # Compared as a whole, so that a file too many counts like a missing one.
        wanted: dict[FileKey, str] = {
            (KINDS[file["owner_kind"]], file["owner_id"], file["role"], file["name"]): file[
                "sha256"
            ]
            for files in self.provider.control.files().values()
            for file in files
        }
        stored = _stored(self.environment)
        return sum(wanted.get(key) != stored.get(key) for key in {*wanted, *stored})


# Owner kinds of the simulator's list of files, and their names in the archive.
KINDS = {
    "profile": "user",
    "post": "post",
    "story": "story",
    "highlight": "highlight",
    "highlight_story": "story",
}


@contextmanager
def at_work(*, world: str, workers: int) -> Iterator[Archive]:
    """Start a provider, an empty instance, and processes that archive and download.

    One process for file maintenance, one for urgent tasks and beat run as well.
    """
    with ExitStack() as stack:
        provider = stack.enter_context(start(world=world, seed=1))
        environment = stack.enter_context(
            scratch.instance(
                CORE_API_URL=provider.core_api_url,
                CORE_API_TOKEN=provider.token,
                MEDIA_TRUSTED_HOSTS=provider.cdn_host,
            )
        )
        for queues, processes in {
            "archive,downloads": workers,
            "files": 1,
            "stories,default": 1,
        }.items():
            crew = ("--concurrency", str(processes), "--hostname", f"{queues}@%h", "-Q", queues)
            stack.enter_context(scratch.celery(environment, *WORKER, *crew))
        stack.enter_context(scratch.celery(environment, *BEAT))
        yield Archive(environment, provider)


def manage(environment: Environment, *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603  ours
    return done.stdout


def total(report: Report, count: str) -> int:
    """The sum of a file count, such as `stored`, over all profiles of a report."""
    return sum(profile["files"][count] for profile in report["profiles"])


def line(name: str, report: Report) -> str:
    posts = sum(profile["streams"]["posts"]["seen"] for profile in report["profiles"])
    calls = sum(profile["calls"] for profile in report["profiles"])
    return (
        f"{name}: {report['seconds']:.1f} s, {posts} posts seen, {calls} calls, "
        f"{total(report, 'stored')} files stored, {total(report, 'downloaded')} downloaded"
    )


def _stored(environment: Environment) -> dict[FileKey, str]:
    """The digest of each stored asset, read from disk."""
    root = Path(environment["INSTARCHIVER_DATA"]) / "media"
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        rows = connection.execute(
            "SELECT owner_kind, owner_id, role, source_name, sha256, extension"
            "  FROM storage_asset JOIN storage_storedfile file ON file.id = file_id"
        ).fetchall()
    return {
        (kind, owner, role, name): hashlib.sha256(
            (root / sha256[:2] / f"{sha256}.{extension}").read_bytes()
        ).hexdigest()
        for kind, owner, role, name, sha256, extension in rows
    }
