"""Statements and time per page of posts: `python -m lab.benchmarks.statements`.

Counted without transaction control and the run's cursor. Exit status 1 when a new or edited page
takes more than 12, or an unchanged one more than 4.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from instagram.archiving.records import PostRecord
from lab.benchmarks.scratch import instance, say

LENGTHS = (1, 50, 500)
MAX_STATEMENTS = {"new": 12, "unchanged": 4, "edited": 12}
CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")


def main() -> int:
    """Print a line per kind and length of page."""
    say(f"{'page':10} {'posts':>6} {'statements':>11} {'allowed':>8} {'ms':>8}")
    too_many = 0
    with instance():
        for length in LENGTHS:
            for kind, (statements, milliseconds) in measure(length).items():
                too_many += statements > MAX_STATEMENTS[kind]
                facts = f"{statements:>11} {MAX_STATEMENTS[kind]:>8} {milliseconds:>8.1f}"
                say(f"{kind:10} {length:>6} {facts}")
    return int(too_many > 0)


def measure(length: int) -> dict[str, tuple[int, float]]:
    """Statements and milliseconds of a page of carousels: new, unchanged, edited."""
    from instagram.archiving import persist  # noqa: PLC0415  needs a configured Django
    from instagram.models import User  # noqa: PLC0415  likewise
    from lab.builders import NOW, medium, post  # noqa: PLC0415  likewise

    user = User.objects.create(username=f"page_of_{length}", instagram_id=str(length))
    first = length * 10_000
    page = [
        post(first + number, media=[medium((first + number) * 10 + child) for child in range(3)])
        for number in range(length)
    ]
    edited = [replace(each, caption="edited") for each in page]
    later = NOW + timedelta(hours=6)

    def storing(records: Sequence[PostRecord]) -> Callable[[], object]:
        return lambda: persist.posts(user, records, now=later)

    return {
        "new": counted(storing(page)),
        # In this order: each kind of page needs the rows of the one before.
        "unchanged": counted(storing(page)),
        "edited": counted(storing(edited)),
    }


def counted(work: Callable[[], object]) -> tuple[int, float]:
    """The number of statements that the work sends, and its milliseconds."""
    from django.db import connection, transaction  # noqa: PLC0415  needs a configured Django
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415  likewise

    with CaptureQueriesContext(connection) as captured:
        started = time.perf_counter()
        with transaction.atomic():
            work()
        milliseconds = (time.perf_counter() - started) * 1000
    sent = [query["sql"] for query in captured if not query["sql"].startswith(CONTROL)]
    return len(sent), milliseconds


if __name__ == "__main__":
    sys.exit(main())
