"""A whole archive, twice, against what the simulator holds: `python -m benchmarks.archive`.

Three profiles with 1,000 posts and about 2,500 files go through `manage.py archive --wait` and a
real worker. Every file must be there and equal byte for byte; the second run must download nothing
and write no row of what an unchanged poll leaves alone. Exit status 1 where it is not so.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import scratch
from simulator.process import SimulatorProcess, start

PROFILES = ("aurora.kitchen", "tidewater_maps", "kestrel.press")
LEFT_ALONE = (
    "instagram_user", "instagram_post", "instagram_postmedia", "instagram_story",
    "instagram_historicaluser", "instagram_historicalpost", "storage_asset", "storage_storedfile",
)  # fmt: skip
WORKER = ("worker", "--loglevel", "ERROR", "--concurrency", "3")
QUEUES = ("-Q", "stories,archive,downloads,default")
BEAT = ("beat", "--loglevel", "ERROR")

Environment = dict[str, str]
Report = dict[str, Any]
FileKey = tuple[str, str, str, str]
"""Owner kind, owner id, role, source name."""


def main() -> int:
    """Run both rounds and print what was measured; 0 when every promise was kept."""
    with ExitStack() as stack:
        provider = stack.enter_context(start(world="foundation", seed=1))
        environment = stack.enter_context(
            scratch.instance(
                CORE_API_URL=provider.core_api_url,
                CORE_API_TOKEN=provider.token,
                MEDIA_TRUSTED_HOSTS=provider.cdn_host,
            )
        )
        _manage(environment, "sync_schedules")
        stack.enter_context(scratch.celery(environment, *WORKER, *QUEUES))
        stack.enter_context(scratch.celery(environment, *BEAT))
        return _measure(environment, provider)


def _measure(environment: Environment, provider: SimulatorProcess) -> int:
    first = _archive(environment)
    before = _row_versions(environment)
    second = _archive(environment)
    after = _row_versions(environment)
    rewritten = [table for table in LEFT_ALONE if before[table] != after[table]]
    wrong = _differences(environment, provider)
    scratch.say(_line("first run", first))
    scratch.say(_line("second run", second))
    scratch.say(f"tables that the second run wrote: {', '.join(rewritten) or 'none'}")
    scratch.say(f"files that differ from the simulator's: {wrong}")
    return int(bool(rewritten or wrong or _total(second, "downloaded")))


def _manage(environment: Environment, *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603  ours
    return done.stdout


def _archive(environment: Environment) -> Report:
    began = time.monotonic()
    printed = _manage(environment, "archive", *PROFILES, "--wait", "--json")
    return {**json.loads(printed), "seconds": time.monotonic() - began}


def _row_versions(environment: Environment) -> dict[str, object]:
    """Per table, how many rows there are and which transactions wrote them."""
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        return {
            table: connection.execute(
                f"SELECT count(*), sum(hashtext(ctid::text || xmin::text)) FROM {table}"  # noqa: S608  constants
            ).fetchone()
            for table in LEFT_ALONE
        }


def _differences(environment: Environment, provider: SimulatorProcess) -> int:
    """How many files are missing, too many, or other than the simulator's bytes."""
    wanted: dict[FileKey, str] = {
        (_kind(file["owner_kind"]), file["owner_id"], file["role"], file["name"]): file["sha256"]
        for files in provider.control.files().values()
        for file in files
        if not file["owner_kind"].startswith("highlight")  # archived in a later step
    }
    stored = _stored(environment)
    return sum(wanted.get(key) != stored.get(key) for key in {*wanted, *stored})


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


def _kind(owner_kind: str) -> str:
    return "user" if owner_kind == "profile" else owner_kind


def _total(report: Report, count: str) -> int:
    return sum(profile["files"][count] for profile in report["profiles"])


def _line(name: str, report: Report) -> str:
    posts = sum(profile["streams"]["posts"]["seen"] for profile in report["profiles"])
    return (
        f"{name}: {report['seconds']:.1f} s, {posts} posts seen, "
        f"{_total(report, 'stored')} files stored, {_total(report, 'downloaded')} downloaded"
    )


if __name__ == "__main__":
    sys.exit(main())
