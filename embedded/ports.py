"""Ports of the loopback interface."""

from __future__ import annotations

import socket

from embedded.errors import CannotRun

LOOPBACK = "127.0.0.1"
DEFAULT = 8000
LAST = 65535


def listen(port: int) -> socket.socket:
    """Bind a port and keep it, so that no other program gets it. Raises OSError if in use."""
    listener = socket.socket()
    # A restart can bind at once, although connections of the former process are in TIME_WAIT.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def listen_from(first: int) -> socket.socket:
    """Bind the first free port from `first` upwards."""
    for port in range(first, LAST + 1):
        try:
            return listen(port)
        except OSError:
            continue
    raise CannotRun(f"No free port from {first}")


def web_listener(wanted: str) -> socket.socket:
    """Bind exactly the port in PORT or, if that is empty, 8000 or the next free one."""
    if not wanted:
        return listen_from(DEFAULT)
    if not wanted.isdecimal() or not 0 < int(wanted) <= LAST:
        raise CannotRun(f"PORT={wanted} is not a port number: set another, or leave PORT unset")
    try:
        return listen(int(wanted))
    except OSError as error:
        raise CannotRun(
            f"PORT={wanted} cannot be used: {error.strerror}. Set another, or leave PORT unset."
        ) from error


def port_of(listener: socket.socket) -> int:
    number: int = listener.getsockname()[1]
    return number


def any_free() -> int:
    with listen(0) as listener:
        return port_of(listener)


def free_from(first: int) -> int:
    """The first port from `first` upwards that is free at the moment."""
    with listen_from(first) as listener:
        return port_of(listener)


def is_open(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True
