"""Runs the servers. The CDN of a Core API is a child process that exits with its parent."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from aiohttp import web

from lab.simulator.cdn import Cdn
from lab.simulator.core_control import CoreControl

HOST = "127.0.0.1"
PENDING_CONNECTIONS = 1024
SECONDS_TO_FINISH = 0.5

Announcement = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Listener:
    """A listening socket, opened early so that no connection is refused during the start."""

    socket: socket.socket

    @classmethod
    def open(cls, port: int) -> Listener:
        """Listen on a port of the loopback interface, 0 for a free one. Raises OSError."""
        return cls(socket.create_server((HOST, port), backlog=PENDING_CONNECTIONS))

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.socket.getsockname()[1]}"


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A forked process. It exits when `lifeline` closes, so also when this process dies."""

    pid: int
    lifeline: int

    def stop(self) -> int:
        """Stop the child and return its exit status."""
        os.close(self.lifeline)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def fork_cdn(cdn: Cdn, own: Listener, foreign: Listener) -> ServerProcess:
    """Serve the CDN in a child process. Call this before any thread or event loop starts."""
    # Nothing is written to the pipe. The kernel closes this end when the process dies, however it
    # dies, and the child sees the end of the file.
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid:
        os.close(read_end)
        own.socket.close()
        return ServerProcess(pid, write_end)
    # A copy of the write end would keep the pipe open; a copy of the socket, the parent's port.
    os.close(write_end)
    foreign.socket.close()

    async def announce() -> None:
        """Say nothing: the parent announces both servers in one line."""

    try:
        asyncio.run(run(cdn.application(), own, announce, watched=[read_end]))
    finally:
        os._exit(0)  # never return into the parent's code


def serve_cdn(cdn: Cdn, listener: Listener, watched: Sequence[int]) -> None:
    """Serve a CDN until a signal arrives or a watched file closes."""

    async def announce() -> None:
        _print_ready(cdn_url=listener.url)

    asyncio.run(run(cdn.application(), listener, announce, watched=watched))


def serve_core(control: CoreControl, listener: Listener, watched: Sequence[int]) -> None:
    """Serve a Core API until a signal arrives, its CDN exits or a watched file closes."""

    async def announce() -> None:
        # A client that has read the ready line may download at once.
        await control.wait_for_cdn()
        token = control.core_api.options.token
        _print_ready(core_api_url=listener.url, cdn_url=control.cdn_url, token=token)

    asyncio.run(run(control.application(), listener, announce, watched=watched))


async def run(
    application: web.Application,
    listener: Listener,
    announce: Announcement,
    *,
    watched: Sequence[int],
) -> None:
    """Serve an application until SIGTERM, SIGINT, a child's exit, or input on a watched file."""
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=SECONDS_TO_FINISH)
    await runner.setup()
    await web.SockSite(runner, listener.socket).start()
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    # SIGCHLD: without its CDN a Core API would hand out URLs that refuse every connection.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        loop.add_signal_handler(number, stopped.set)
    for file in watched:
        loop.add_reader(file, stopped.set)
    await announce()
    await stopped.wait()
    await runner.cleanup()


def _print_ready(**facts: str) -> None:
    sys.stdout.write(json.dumps({"ready": True, **facts}) + "\n")
    sys.stdout.flush()
