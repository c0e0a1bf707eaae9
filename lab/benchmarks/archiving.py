"""What the measurements of whole archives share: a provider, workers, the comparison afterwards."""

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
FileKey = tuple[str, str, str, str]
"""Owner kind, owner id, role, source name."""


@dataclass(frozen=True, slots=True)
class Archive:
    """An instance at work, and the provider that it archives from."""

    environment: Environment
    provider: SimulatorProcess

    def run(self, *profiles: str) -> Report:
        """Archive the profiles, and wait for the last file: the command's JSON, and `seconds`."""
        began = time.monotonic()
        printed = manage(self.environment, "archive", *profiles, "--wait", "--json")
        return {**json.loads(printed), "seconds": time.monotonic() - began}

    def row_versions(self) -> dict[str, object]:
        """Per table, how many rows there are and which transactions wrote them."""
        with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
            return {
                table: connection.execute(
                    f"SELECT count(*), sum(hashtext(ctid::text || xmin::text)) FROM {table}"  # noqa: S608  constants
                ).fetchone()
                for table in LEFT_ALONE
            }

    def differences(self) -> int:
        """How many files are missing, too many, or other than the provider's bytes."""
        wanted: dict[FileKey, str] = {
            (KINDS[file["owner_kind"]], file["owner_id"], file["role"], file["name"]): file[
                "sha256"
            ]
            for files in self.provider.control.files().values()
            for file in files
        }
        stored = _stored(self.environment)
        return sum(wanted.get(key) != stored.get(key) for key in {*wanted, *stored})


KINDS = {
    "profile": "user",
    "post": "post",
    "story": "story",
    "highlight": "highlight",
    "highlight_story": "story",
}
"""What the provider's list of files calls an owner, and what the archive does."""


@contextmanager
def at_work(*, world: str, workers: int) -> Iterator[Archive]:
    """A provider, an empty instance, and processes that archive and download.

    Beside them one for the care of files, one for what cannot wait, and beat.
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
    """Run a management command; returns what it printed."""
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603  ours
    return done.stdout


def total(report: Report, count: str) -> int:
    """A count of files, such as `stored`, over all profiles of a report."""
    return sum(profile["files"][count] for profile in report["profiles"])


def line(name: str, report: Report) -> str:
    """A report in one line."""
    posts = sum(profile["streams"]["posts"]["seen"] for profile in report["profiles"])
    calls = sum(profile["calls"] for profile in report["profiles"])
    return (
        f"{name}: {report['seconds']:.1f} s, {posts} posts seen, {calls} calls, "
        f"{total(report, 'stored')} files stored, {total(report, 'downloaded')} downloaded"
    )


def _stored(environment: Environment) -> dict[FileKey, str]:
    """The digest of each asset's bytes as they lie on disk."""
    root = Path(environment["INSTARCHIVER_DATA"]) / "media"
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        rows = connection.execute(
            "SELECT owner_kind, owner_id, role, source_name, sha256, extension"
            "  FROM storage_asset JOIN storage_storedfile file ON file.id = file_id"
        ).fetchall()
    return {
        (kind, owner, role, name): _digest(root / sha256[:2] / f"{sha256}.{extension}")
        for kind, owner, role, name, sha256, extension in rows
    }


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
