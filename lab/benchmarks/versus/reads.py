"""CPU time of reads, in turns, above what the framework itself costs."""

from __future__ import annotations

import http.client
import itertools
import json
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.benchmarks import scratch
from lab.benchmarks.versus import processes
from lab.benchmarks.versus.revisions import Revision
from lab.benchmarks.versus.table import Line

SIZE = ("--profiles=300", "--posts=6000", "--stories=3000")
ROUNDS = 5
REQUESTS = 400
CONNECTIONS = 8
SECONDS = 4.0
GOAL = 0.2
UNCHANGED_MS = 1.0
RATE_GOAL = 4.0
FLOOR_RATE_GOAL = 0.4

PAGES = {
    "posts list": "/instagram/posts/",
    "posts list, 100 a page": "/instagram/posts/?page_size=100",
    "posts of a profile": "/instagram/posts/?user={user}",
    "posts search": "/instagram/posts/?search=lighthouse",
    "stories list": "/instagram/stories/",
    "users list": "/instagram/users/",
    "users search": "/instagram/users/?search=tanaka",
    "users search without a hit": "/instagram/users/?search=harbour",
    "post detail": "/instagram/posts/{post}/",
    "story detail": "/instagram/stories/{story}/",
    "user detail": "/instagram/users/{user}/",
    "user history": "/instagram/users/{user}/history/",
}
UNCHANGED = ("posts list", "stories list", "post detail", "statistic")
numbers = itertools.count()
clients = itertools.count()


@dataclass
class Server:
    """A running web server, its processes and its database."""

    address: str
    pid: int
    database: str
    keys: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.connection = connect(self.address)

    def url(self, path: str) -> str:
        """The path with the keys of this server."""
        return path.format(number=next(numbers), **self.keys)

    def get(self, path: str) -> bytes:
        """The body of a 200. Raises SystemExit for another status."""
        return get(self.connection, self.url(path))

    def cpu_ms(self) -> float:
        """CPU time of web and database since they started."""
        database = processes.database_seconds(self.database)
        return 1000 * (processes.cpu_seconds(self.pid) + database)


def measure(old: Revision, new: Revision) -> Iterator[Line]:
    """Seed both revisions alike, serve them and the floor, and compare their reads."""
    for revision in (old, new):
        seed(revision)
    with ExitStack() as stack:
        before, after = (stack.enter_context(serving(each)) for each in (old, new))
        old_floor, floor = (stack.enter_context(serving_floor(each)) for each in (old, new))
        for server in (before, after):
            server.keys = keys(server)
        yield from _built(before, after, floor)
        yield from _unchanged(before, after, floor)
        yield from _rates(before, after, old_floor, floor)


def seed(revision: Revision) -> None:
    """Fill a database with rows, and tell PostgreSQL how many they are."""
    scratch.say(f"seeding {revision.name} …")
    revision.manage("seed", *SIZE, "--json")
    scratch.execute(revision.database, "VACUUM ANALYZE")


@contextmanager
def serving(
    revision: Revision, application: str = "config.wsgi", **variables: str
) -> Iterator[Server]:
    with revision.web(application, **variables) as (address, pid):
        _until_up(address)
        yield Server(address, pid, revision.database)


def serving_floor(revision: Revision) -> AbstractContextManager[Server]:
    """The floor of today on the framework, the middleware and the settings of a revision."""
    return serving(revision, "floor", PYTHONPATH=str(Path(__file__).parent))


def keys(server: Server) -> dict[str, str]:
    """One object of each kind, the same in both revisions."""

    def first(path: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(server.get(path))["results"][0]
        return found

    return {
        "post": first("/instagram/posts/?ordering=created_at")["id"],
        "story": first("/instagram/stories/")["story_id"],
        "user": first("/instagram/users/?ordering=username")["uuid"],
    }


def _built(before: Server, after: Server, floor: Server) -> Iterator[Line]:
    """Answers that are built for each request."""
    for name, path in PAGES.items():
        old, new, least = _above(before, after, floor, fresh(path))
        yield Line(f"{name}: ms CPU above {least:.1f}", old, new, most=GOAL)


def _unchanged(before: Server, after: Server, floor: Server) -> Iterator[Line]:
    """The same request again and again, and nothing is written meanwhile."""
    paths = {**PAGES, "statistic": "/instagram/statistic/"}
    for name in UNCHANGED:
        old, new, least = _above(before, after, floor, paths[name])
        yield Line(f"{name}, unchanged: ms CPU above {least:.1f}", old, new, limit=UNCHANGED_MS)


def fresh(path: str) -> str:
    """A path that is another one for each request, by a parameter without a meaning."""
    return f"{path}{'&' if '?' in path else '?'}_={{number}}"


def _above(before: Server, after: Server, floor: Server, path: str) -> tuple[float, float, float]:
    """CPU ms a request of the old and the new revision above the floor, and the floor."""
    work = ((before, path), (after, path), (floor, f"/{len(after.get(path))}/"))
    found: list[list[float]] = [[], [], []]
    for _ in range(ROUNDS):
        for times, (server, wanted) in zip(found, work, strict=True):
            times.append(cpu_ms(server, wanted))
    old, new, least = map(statistics.median, found)
    return old - least, new - least, least


def cpu_ms(server: Server, path: str) -> float:
    """CPU ms of web and database for a request, once the caches are warm."""
    server.connection = connect(server.address)
    for _ in range(3):
        server.get(path)
    before = server.cpu_ms()
    for _ in range(REQUESTS):
        server.get(path)
    return (server.cpu_ms() - before) / REQUESTS


def _rates(before: Server, after: Server, old_floor: Server, floor: Server) -> Iterator[Line]:
    path = fresh(PAGES["posts list"])
    nothing = f"/{len(after.get(path))}/"
    work = ((before, path), (after, path), (old_floor, nothing), (floor, nothing))
    rates: list[list[float]] = [[] for _ in work]
    for _ in range(3):
        for found, (server, wanted) in zip(rates, work, strict=True):
            found.append(_rate(server, wanted))
    old, new, old_most, most = map(statistics.median, rates)
    yield Line("posts list, built: requests/s", old, new, least=RATE_GOAL)
    # The goal is a share of the old floor, so that a faster floor does not move it away.
    yield Line("posts list, built: share of the old floor's rate", old / old_most, new / old_most,
               floor=FLOOR_RATE_GOAL)  # fmt: skip
    yield Line("posts list, built: share of the new floor's rate", old / most, new / most)


def _rate(server: Server, path: str) -> float:
    """Requests a second of several connections, each of which sends one after the other."""
    end = time.monotonic() + SECONDS

    def one(_: int) -> int:
        connection = connect(server.address)
        for count in itertools.count():
            if time.monotonic() > end:
                return count
            get(connection, server.url(path))
        return 0

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return sum(pool.map(one, range(CONNECTIONS))) / SECONDS


def connect(address: str) -> http.client.HTTPConnection:
    """A connection of another client, so that no limit of requests is reached."""
    client = f"127.1.{next(clients) % 250}.1"
    return http.client.HTTPConnection(address, timeout=60, source_address=(client, 0))


def get(connection: http.client.HTTPConnection, path: str) -> bytes:
    """The body of a 200. Raises SystemExit for another status."""
    try:
        connection.request("GET", path)
        response = connection.getresponse()
    except (http.client.RemoteDisconnected, ConnectionError):
        # The server closes a connection that was not used for two seconds.
        connection.close()
        connection.request("GET", path)
        response = connection.getresponse()
    body = response.read()
    if response.status != http.client.OK:
        raise SystemExit(f"{response.status} from {path}: {body[:200]!r}")
    return body


def _until_up(address: str) -> None:
    for _ in range(100):
        try:
            http.client.HTTPConnection(address, timeout=5).connect()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"no server at {address}")
