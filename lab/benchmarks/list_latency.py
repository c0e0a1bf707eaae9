"""Lists at 100,000 posts next to their bare SQL: `python -m lab.benchmarks.list_latency`.

A page is requested through Django's whole stack in this process. Then its statements are sent again
without Django, by driver and database only. Both alternate, and medians are compared. The ratio
shows the cost of models, serializers and JSON; the milliseconds show the indexes.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from lab.benchmarks.scratch import instance, say

SIZE = ("--profiles=500", "--posts=100000", "--stories=5000")
ROUNDS = 25
# Pages after the first one.
DEEP = 40

Statement = tuple[str, Any]


def main() -> int:
    """Seed, then measure and print every list."""
    with instance():
        from django.core.management import call_command  # noqa: PLC0415  needs a configured Django

        call_command("seed", *SIZE, "--json")
        say(f"{'page of 20':34} {'list ms':>8} {'SQL ms':>8} {'ratio':>6} {'sent':>5}")
        for name, address in pages().items():
            say(f"{name:34} {line(address)}")
    return 0


def pages() -> dict[str, str]:
    """The measured lists and their URLs."""
    from instagram.models import User  # noqa: PLC0415  needs a configured Django

    busiest = User.objects.order_by("instagram_id")[0].pk
    posts = "/instagram/posts/"
    return {
        "posts, newest": posts,
        f"posts, {DEEP} pages on": followed(posts, DEEP),
        "posts by time of archiving": f"{posts}?ordering=-created_at",
        "posts of the busiest profile": f"{posts}?user={busiest}",
        "posts, videos only": f"{posts}?variant=video",
        "posts that say lighthouse": f"{posts}?search=lighthouse",
        "posts by one of the profiles": f"{posts}?search=tanaka+harbour",
        "profiles": "/instagram/users/",
        "stories": "/instagram/stories/",
    }


def followed(address: str, count: int) -> str:
    """The URL after following that many `next` links."""
    for _ in range(count):
        address = get(address)["next"]
    return address


def line(address: str) -> str:
    """Print the medians of both ways, their ratio, and the number of statements."""
    statements = sent_by(address)
    # Alternately, so that both find the same pages of the database in memory.
    lists, bare = [], []
    for _ in range(ROUNDS):
        lists.append(milliseconds(lambda: get(address)))
        bare.append(milliseconds(lambda: send(statements)))
    slow, fast = statistics.median(lists), statistics.median(bare)
    return f"{slow:>8.1f} {fast:>8.1f} {slow / fast:>6.1f} {len(statements):>5}"


def get(address: str) -> dict[str, Any]:
    """The answer to an anonymous request."""
    from django.test import Client  # noqa: PLC0415  needs a configured Django

    answer = Client(SERVER_NAME="localhost").get(address)
    if answer.status_code != 200:
        raise SystemExit(f"{address}: {answer.status_code} {answer.content[:300]!r}")
    content: dict[str, Any] = answer.json()
    return content


def sent_by(address: str) -> list[Statement]:
    """The statements of a list with their parameters."""
    from django.db import connection  # noqa: PLC0415  needs a configured Django

    seen: list[Statement] = []

    def remember(execute: Any, query: str, parameters: Any, many: bool, context: Any) -> Any:  # noqa: FBT001  Django's signature
        seen.append((query, parameters))
        return execute(query, parameters, many, context)

    with connection.execute_wrapper(remember):
        get(address)
    return seen


def send(statements: list[Statement]) -> None:
    """Send the statements on the same connection and read all rows."""
    from django.db import connection  # noqa: PLC0415  needs a configured Django

    with connection.cursor() as cursor:
        for query, parameters in statements:
            cursor.execute(query, parameters)
            cursor.fetchall()


def milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    sys.exit(main())
