"""`./dev house [FOLDER]`: print the house numbers of a git checkout; of this one by default.

Exit status 0: measured, also when a number is bad; 2: bad usage, or nothing that can be measured.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from lab.house import checkout, listing, report
from lab.house.listing import LISTS
from lab.house.measure import Numbers, measure

PROJECT = Path(__file__).resolve().parents[2]
LISTED = (
    "print this list instead of the numbers; the source stands before the tests. Helpers are "
    "private functions with one caller, with the lines of their body, the shortest first"
)


def main(words: Sequence[str]) -> int:
    options = parser().parse_args(words)
    try:
        numbers = measure(checkout.read(options.folder))
    except checkout.NotMeasurable as error:
        sys.stderr.write(f"house: {error}\n")
        return 2
    sys.stdout.write(answer(numbers, listed=options.list, as_json=options.json) + "\n")
    return 0


def answer(numbers: Numbers, *, listed: str | None, as_json: bool) -> str:
    """The report or the named list, as text or as one JSON document."""
    if listed is None:
        return dump(listing.document(numbers)) if as_json else report.text(numbers)
    entries = list(LISTS[listed](numbers))
    return dump(entries) if as_json else "\n".join(listing.as_lines(listed, entries))


def dump(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        "./dev house", description=__doc__, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    made.add_argument("folder", nargs="?", metavar="FOLDER", type=Path, default=PROJECT)
    made.add_argument("--list", choices=LISTS, help=LISTED)
    made.add_argument("--json", action="store_true", help="print one JSON document")
    return made


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` may end the pipe without a traceback
    sys.exit(main(sys.argv[1:]))
