"""Archives everything twice and compares it with the simulator: `python -m lab.benchmarks.archive`.

Three profiles with 1,000 posts and about 2,500 files go through `manage.py archive --wait` and a
real worker. Every file must be stored with the right bytes. The second run must download nothing
and write no row of the archive. Exit status 1 otherwise.
"""

from __future__ import annotations

import sys

from lab.benchmarks import archiving, scratch

PROFILES = ("aurora.kitchen", "tidewater_maps", "kestrel.press")


def main() -> int:
    """Run both rounds and print the figures; 0 if every limit was kept."""
    with archiving.at_work(world="foundation", workers=3) as archive:
        first = archive.run(*PROFILES)
        before = archive.row_versions()
        second = archive.run(*PROFILES)
        after = archive.row_versions()
        wrong = archive.differences()
    rewritten = [table for table in archiving.LEFT_ALONE if before[table] != after[table]]
    scratch.say(archiving.line("first run", first))
    scratch.say(archiving.line("second run", second))
    scratch.say(f"tables that the second run wrote: {', '.join(rewritten) or 'none'}")
    scratch.say(f"files that differ from the simulator's: {wrong}")
    return int(bool(rewritten or wrong or archiving.total(second, "downloaded")))


if __name__ == "__main__":
    sys.exit(main())
