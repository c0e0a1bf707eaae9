"""A whole archive, twice, against what the simulator holds: `python -m benchmarks.archive`.

Three profiles with 1,000 posts and about 2,500 files go through `manage.py archive --wait` and a
real worker. Every file must be there and equal byte for byte; the second run must not write one
row of what the archive promises to leave alone. Exit status 1 where it is not so.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
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
QUEUES = "stories,archive,downloads,default"
WORKER = ("worker", "--loglevel", "WARNING", "--concurrency", "3", "-Q", QUEUES)
BEAT = ("beat", "--loglevel", "WARNING")

File = tuple[str, str, str, str]
"""Owner kind, owner id, role, source name."""


def main() -> int:
    """Run both rounds and print what was measured; 0 when every promise was kept."""
    with ExitStack() as stack:
        media = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        provider = stack.enter_context(start(world="foundation", seed=1))
        environment = _environment(provider, media)
        _manage(environment, "migrate")
        _manage(environment, "sync_schedules")
        stack.enter_context(scratch.celery(environment, *WORKER))
        stack.enter_context(scratch.celery(environment, *BEAT))
        first = _archive(environment)
        before = _row_versions()
        second = _archive(environment)
        rewritten = sum(before[table] != now for table, now in _row_versions().items())
        wrong = _differences(provider, media)
    scratch.say(_line("first run", first))
    scratch.say(_line("second run", second))
    scratch.say(f"tables rewritten by the second run: {rewritten} of {len(LEFT_ALONE)}")
    scratch.say(f"files that differ from the provider's: {wrong}")
    downloaded_again = sum(each["files"]["downloaded"] for each in second["profiles"])
    return int(bool(rewritten or wrong or downloaded_again))


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _environment(provider: SimulatorProcess, media: Path) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "INSTARCHIVER_DATA": str(media),
        "CORE_API_URL": provider.core_api_url,
        "CORE_API_TOKEN": provider.token,
        "MEDIA_TRUSTED_HOSTS": provider.cdn_host,
    }


def _manage(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603  ours
    return done.stdout


def _archive(environment: dict[str, str]) -> dict[str, Any]:
    began = time.monotonic()
    report: dict[str, Any] = json.loads(
        _manage(environment, "archive", *PROFILES, "--wait", "--json")
    )
    return report | {"seconds": time.monotonic() - began}


def _row_versions() -> dict[str, object]:
    """Per table, how many rows there are and which transactions wrote them."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        return {
            table: connection.execute(
                f"SELECT count(*), sum(hashtext(ctid::text || xmin::text)) FROM {table}"  # noqa: S608  constants
            ).fetchone()
            for table in LEFT_ALONE
        }


def _differences(provider: SimulatorProcess, media: Path) -> int:
    """How many files are missing, too many, or other than the provider's bytes."""
    wanted = {
        (_kind(file["owner_kind"]), file["owner_id"], file["role"], file["name"]): file["sha256"]
        for profile in PROFILES
        for file in provider.control.files()[profile]
        if not file["owner_kind"].startswith("highlight")  # archived in a later step
    }
    stored = _stored(media / "media")
    return sum(wanted.get(key) != stored.get(key) for key in {*wanted, *stored})


def _stored(root: Path) -> dict[File, str]:
    """The digest of each asset's bytes as they lie on disk."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
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


def _kind(owner_kind: str) -> str:
    return "user" if owner_kind == "profile" else owner_kind


def _line(name: str, report: dict[str, Any]) -> str:
    profiles = report["profiles"]
    posts = sum(each["streams"]["posts"]["seen"] for each in profiles)
    files = sum(each["files"]["stored"] for each in profiles)
    downloaded = sum(each["files"]["downloaded"] for each in profiles)
    return (
        f"{name}: {report['seconds']:.1f} s, {posts} posts, {files} files stored, "
        f"{downloaded} downloaded"
    )


if __name__ == "__main__":
    sys.exit(main())
