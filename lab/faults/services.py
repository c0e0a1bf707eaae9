"""An embedded PostgreSQL and Valkey that the faults may stop, kill and empty."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis

from embedded import postgres, processes, valkey
from embedded.processes import Service

# Committed data must survive a crash of the server, but not of the machine, so fsync can be off.
QUICK = ("fsync=off", "full_page_writes=off", "deadlock_timeout=50ms")
SECONDS_TO_START = 60.0


class ServiceDidNotStart(Exception):
    pass


@dataclass(slots=True)
class EmbeddedServices:
    """The running services. Their URLs stay the same after a restart."""

    postgres: Service
    database_url: str
    valkey: Service
    redis_url: str

    def restart_postgres(self) -> None:
        """Stop it with SIGQUIT, start it on the same data, return when it accepts connections."""
        self._end_postgres(signal.SIGQUIT)

    def kill_postgres(self) -> None:
        """Like `restart_postgres` with SIGKILL, after which child processes live on briefly."""
        self._end_postgres(signal.SIGKILL)

    def _end_postgres(self, number: int) -> None:
        self.postgres.process.send_signal(number)
        self.postgres.process.wait()
        # After a crash the server replays its log of writes before it accepts connections.
        _wait(self._postgres_runs)
        _wait(self._database_answers)

    def _postgres_runs(self) -> bool:
        """Start it again if it exited, as it does while old children hold its shared memory."""
        if self.postgres.process.poll() is not None:
            self.postgres = self.postgres.start_again()
            time.sleep(0.2)
        return self.postgres.process.poll() is None

    def restart_valkey(self) -> None:
        """Kill it, start it on the same data, return when it accepts connections."""
        self.valkey.kill_group()
        self.valkey = processes.start(
            self.valkey.program, log=self.valkey.log, environment=os.environ
        )
        _wait(self._valkey_answers)

    def flush_valkey(self) -> None:
        with redis.Redis.from_url(self.redis_url) as connection:
            connection.flushall()

    def stop(self) -> None:
        processes.stop_all([self.valkey], grace=5)
        postgres.stop(self.postgres)

    def _database_answers(self) -> bool:
        try:
            psycopg.connect(self.database_url).close()
        except psycopg.OperationalError:
            return False
        return True

    def _valkey_answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.redis_url) as connection:
                return bool(connection.ping())
        except redis.ConnectionError:  # includes BusyLoadingError, sent while it loads its data
            return False


@contextmanager
def running(folder: Path) -> Iterator[EmbeddedServices]:
    """Start both on empty data and stop them at the end."""
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as sockets:
        server = postgres.start(
            folder / "postgres",
            Path(sockets),
            folder / "logs" / "postgres.log",
            keep_open=(),
            settings=QUICK,
        )
        broker, redis_url = valkey.start(
            folder / "valkey", folder / "logs" / "valkey.log", keep_open=()
        )
        services = EmbeddedServices(server, postgres.url(Path(sockets)), broker, redis_url)
        try:
            yield services
        finally:
            services.stop()


def _wait(answers: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while not answers():
        if time.monotonic() > deadline:
            raise ServiceDidNotStart
        time.sleep(0.02)
