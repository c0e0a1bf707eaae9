"""CPU time and memory of processes, from `/proc`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg

TICKS = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> Iterator[int]:
    """A process and all processes below it."""
    yield pid
    for child in _children(pid):
        yield from family(child)


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and of its children, those that have ended included."""
    return sum(map(_ticks, [*family(pid)])) / TICKS


def postmaster(dsn: str) -> int:
    """The process id of a database server on this machine."""
    with psycopg.connect(dsn) as connection:
        return int(_fields(connection.info.backend_pid)[1])


def database_seconds(dsn: str) -> float:
    """CPU time of the sessions of a database that are connected now."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        own = connection.info.backend_pid
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        )
        return sum(_ticks(pid) for (pid,) in rows if pid != own) / TICKS


def memory_mb(pid: int) -> dict[int, float]:
    """The memory of each process of a family in MB, where shared pages count by their share."""
    found = {each: Path(f"/proc/{each}/smaps_rollup").read_text() for each in family(pid)}
    return {each: _pss(text) for each, text in found.items()}


def _children(pid: int) -> list[int]:
    try:
        listed = [each.read_text() for each in Path(f"/proc/{pid}/task").glob("*/children")]
    except (FileNotFoundError, ProcessLookupError):  # ended meanwhile
        return []
    return [int(child) for text in listed for child in text.split()]


def _ticks(pid: int) -> int:
    try:
        fields = _fields(pid)
    except (FileNotFoundError, ProcessLookupError):  # ended; its parent counts it now
        return 0
    return sum(map(int, fields[11:15]))  # utime, stime, and those of children that were waited for


def _fields(pid: int) -> list[str]:
    # The name of a process stands in parentheses and may contain spaces.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _pss(text: str) -> float:
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) / 1000 if found else 0
