"""The security log: sign-ins, refusals, bans, keys, settings, erasures.

    log = structlog.get_logger("security")
    log.warning("account.banned", account=account.pk)

Each line has the id of its request and the address of the client. It goes to standard error like
every line, and to a file of its day in SECURITY_LOG.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path

import structlog

LOGGER = "security"
KEPT_DAYS = 90
PATTERN = "security-*.log"

_address: ContextVar[str] = ContextVar("client_address", default="")


@contextmanager
def client_address(address: str) -> Iterator[None]:
    """Name the client in the lines that are logged meanwhile."""
    token = _address.set(address)
    try:
        yield
    finally:
        _address.reset(token)


def with_address(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """A processor that adds the address to lines of the security log, and to no others."""
    if event.get("logger") == LOGGER and _address.get():
        event.setdefault("address", _address.get())
    return event


class DailyFile(logging.Handler):
    """Appends lines to `security-<day>.log`, and keeps the files of 90 days.

    Several processes write to one file: each line is one write, which the system does not split.
    So no process has to move a file away from the others.
    """

    def __init__(self, folder: Path | None) -> None:
        super().__init__()
        self.folder = folder
        self._day = ""
        self._descriptor = -1

    def emit(self, record: logging.LogRecord) -> None:
        if self.folder is None:
            return
        try:
            line = self.format(record) + "\n"
            os.write(self._opened(self.folder), line.encode(errors="backslashreplace"))
        except OSError:  # a full disk must not end the request, and the line is on standard error
            self.handleError(record)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        super().close()

    def _opened(self, folder: Path) -> int:
        day = datetime.now(UTC).date().isoformat()
        if day != self._day:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            descriptor = os.open(folder / PATTERN.replace("*", day), flags, 0o600)
            if self._descriptor >= 0:
                os.close(self._descriptor)
            self._day, self._descriptor = day, descriptor
            for old in sorted(folder.glob(PATTERN))[:-KEPT_DAYS]:
                old.unlink(missing_ok=True)
        return self._descriptor
