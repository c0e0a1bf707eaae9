"""One profile of 10,000 posts and about 25,000 files, in one run with 4 workers.

Then the same profile again, unchanged: the rows written, and the bytes added to PostgreSQL's
write-ahead log, beside the bytes of the answers. `python -m lab.benchmarks.large [POSTS]`; exit
status 1 if a file is missing or a row of the archive is written.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping

import psycopg

from lab.benchmarks import archiving, scratch
from lab.benchmarks.archiving import Archive

POSTS = 10_000
PROFILE = "ten.thousand"
SECONDS_TO_COUNT = 3  # until the last idle connection has reported its statistics


def main(posts: int) -> int:
    """Archive twice and print the figures; 0 if every limit was kept."""
    with archiving.at_work(world="edges", workers=4) as archive:
        plan = {"username": PROFILE, "posts": posts, "largest_carousel": 8, "highlights": 3}
        archive.provider.control.edit("add_profile", plan=plan)
        first = archive.run(PROFILE)
        scratch.say(archiving.line("first run", first))
        wrong = _differences(archive)
        scratch.say(f"files that differ from the simulator's: {wrong}")
        versions = archive.row_versions()
        unchanged = _unchanged_poll(archive)
        rewritten = [
            name for name, rows in archive.row_versions().items() if rows != versions[name]
        ]
    scratch.say(f"tables of the archive that it wrote: {', '.join(rewritten) or 'none'}")
    return int(bool(wrong or rewritten or archiving.total(unchanged, "downloaded")))


def _differences(archive: Archive) -> int:
    """Differences of this profile only, as the others are not archived."""
    held = {file["sha256"] for file in archive.provider.control.files()[PROFILE]}
    with psycopg.connect(archive.environment["DATABASE_URL"]) as connection:
        rows = connection.execute(
            "SELECT DISTINCT sha256 FROM storage_asset"
            "  JOIN storage_storedfile file ON file.id = file_id"
        ).fetchall()
    return len(held ^ {sha256 for (sha256,) in rows})


def _unchanged_poll(archive: Archive) -> archiving.Report:
    # PostgreSQL's statistics arrive late, so the second count waits for them.
    before, log = _counted(archive), _log_position(archive)
    report = archive.run(PROFILE)
    time.sleep(SECONDS_TO_COUNT)
    scratch.say(archiving.line("unchanged", report))
    written = {
        table: rows - before.get(table, 0)
        for table, rows in _counted(archive).items()
        if rows != before.get(table, 0)
    }
    listed = ", ".join(f"{table} {rows}" for table, rows in sorted(written.items()))
    scratch.say(f"rows written by it: {sum(written.values())} ({listed})")
    scratch.say(f"bytes in the log of writes: {_log_position(archive) - log:,}")
    scratch.say(f"bytes of the answers it read: {_answered(archive, report):,}")
    return report


def _counted(archive: Archive) -> Mapping[str, int]:
    """Rows inserted, updated and deleted so far, by table."""
    with psycopg.connect(archive.environment["DATABASE_URL"]) as connection:
        rows = connection.execute(
            "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables"
        ).fetchall()
    return dict(rows)


def _log_position(archive: Archive) -> int:
    with psycopg.connect(archive.environment["DATABASE_URL"]) as connection:
        row = connection.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn").fetchone()
    return int(row[0]) if row else 0


def _answered(archive: Archive, report: archiving.Report) -> int:
    runs = [profile["run"] for profile in report["profiles"]]
    with psycopg.connect(archive.environment["DATABASE_URL"]) as connection:
        row = connection.execute(
            "SELECT sum(response_bytes) FROM api_logs_apirequestlog WHERE batch = ANY(%s)", [runs]
        ).fetchone()
    return int(row[0]) if row else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else POSTS))
