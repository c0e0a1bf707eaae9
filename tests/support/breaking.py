"""A host whose answers break off, and which sends the rest on request."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Mapping

from tests.support.odd_server import OddServer, Reply, head, resetting_after

ASKED = re.compile(rb"\r\nRange: bytes=(\d+)-\r\n(?:.*\r\n)*?If-Range: ([^\r]+)")


def breaking(
    cdn: OddServer,
    body: bytes,
    sizes: Iterable[int],
    *,
    offset: int = 0,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Answers that end in a reset after `sizes` bytes each; further answers are complete.

    `offset` shifts the answer to a range: a wrong host sends another part than was requested.
    """
    given = {name.replace("_", "-"): text for name, text in (headers or {}).items()}
    named = {"ETag": '"one"', **given}
    known = {text.encode() for name, text in named.items() if name in {"ETag", "Last-Modified"}}
    left = list(sizes)

    def reply(connection: socket.socket) -> None:
        asked = ASKED.search(cdn.heads[-1])
        is_rest = asked is not None and asked[2] in known
        start = int(asked[1]) + offset if asked and is_rest else 0
        span = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"} if is_rest else {}
        status = 206 if is_rest else 200
        begun = head(status, {**named, **span, "Content-Length": str(len(body) - start)})
        if left:
            resetting_after(begun + body[start : start + left.pop(0)])(connection)
        else:
            connection.sendall(begun + body[start:])

    return reply


def starts(cdn: OddServer) -> list[int]:
    """The byte from which each request wanted the file."""
    asked = [ASKED.search(each) for each in cdn.heads]
    return [int(match[1]) if match else 0 for match in asked]
