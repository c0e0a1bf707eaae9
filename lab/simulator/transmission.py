"""Sends an answer, either intact or damaged by a fault rule."""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from aiohttp import ClientConnectionResetError, web

from lab.simulator.faults import Rule
from lab.simulator.media import SimulatedContent

MAX_AT_ONCE = 4_000_000  # bytes; a larger body is streamed, so 1 GB is never held in memory
CLIENT_CLOSED = 499  # counted for an answer that was not sent
# SO_LINGER with a timeout of 0: closing sends a TCP reset and discards what was not sent.
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class SimulatedReply:
    """An unsent answer with the content from `start` to `stop`."""

    status: int
    content_type: str
    content: SimulatedContent
    start: int
    stop: int
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, status: int, content_type: str, body: bytes) -> SimulatedReply:
        return cls(status, content_type, SimulatedContent(body), 0, len(body))

    @property
    def size(self) -> int:
        return self.stop - self.start

    def all_headers(self) -> dict[str, str]:
        """Return the headers of the complete body."""
        described = {"Content-Type": self.content_type, "Content-Length": str(self.size)}
        return described | self.headers

    def announced(self) -> web.StreamResponse:
        """Return a response with the headers of the complete body and no body yet."""
        return web.StreamResponse(status=self.status, headers=self.all_headers())


async def send(
    request: web.Request, reply: SimulatedReply, rule: Rule | None
) -> web.StreamResponse:
    """Send the reply, damaged by the rule if there is one. The caller handles delays."""
    if rule and rule.kind in SPOILERS:
        return await SPOILERS[rule.kind](request, reply, rule)
    if request.method == "HEAD":
        return web.Response(status=reply.status, headers=reply.all_headers())
    if reply.size > MAX_AT_ONCE:
        return await _stream(request, reply)
    body = b"".join(reply.content.chunks(reply.start, reply.stop))
    return web.Response(status=reply.status, body=body, headers=reply.all_headers())


async def _stream(request: web.Request, reply: SimulatedReply) -> web.StreamResponse:
    chunks = reply.content.chunks(reply.start, reply.stop)
    return await _write(request, reply.announced(), chunks)


async def _write(
    request: web.Request,
    response: web.StreamResponse,
    chunks: Iterable[bytes],
    *,
    pause: float = 0.0,
) -> web.StreamResponse:
    """Send the chunks with a pause in seconds after each, until the client disconnects."""
    await response.prepare(request)
    # Clients hang up on what these faults send; that is what a test is looking for.
    with suppress(ClientConnectionResetError):
        for chunk in chunks:
            await response.write(chunk)
            await asyncio.sleep(pause)
    return response


async def _answer(request: web.Request, _reply: SimulatedReply, rule: Rule) -> web.StreamResponse:
    return await send(
        request, SimulatedReply.of(rule.status, rule.content_type, rule.body.encode()), None
    )


async def _reset(request: web.Request, _reply: SimulatedReply, _rule: Rule) -> web.StreamResponse:
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        request.transport.abort()
    return web.Response(status=CLIENT_CLOSED)


async def _truncate(request: web.Request, reply: SimulatedReply, rule: Rule) -> web.StreamResponse:
    stop = min(reply.start + rule.bytes, reply.stop)
    response = await _write(request, reply.announced(), reply.content.chunks(reply.start, stop))
    # A connection that stays open looks slow, not truncated: the client would wait for its timeout.
    if request.transport is not None:
        request.transport.close()
    return response


async def _drip(request: web.Request, reply: SimulatedReply, rule: Rule) -> web.StreamResponse:
    drops = (
        chunk
        for start in range(reply.start, reply.stop, rule.bytes)
        for chunk in reply.content.chunks(start, min(start + rule.bytes, reply.stop))
    )
    return await _write(request, reply.announced(), drops, pause=rule.seconds)


async def _wrong_type(
    request: web.Request, reply: SimulatedReply, rule: Rule
) -> web.StreamResponse:
    return await send(request, replace(reply, content_type=rule.content_type), None)


async def _empty(request: web.Request, reply: SimulatedReply, _rule: Rule) -> web.StreamResponse:
    return await send(request, replace(reply, stop=reply.start), None)


async def _chunked(request: web.Request, reply: SimulatedReply, _rule: Rule) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers={"Content-Type": reply.content_type})
    response.enable_chunked_encoding()
    return await _write(request, response, reply.content.chunks(reply.start, reply.stop))


async def _encoded(request: web.Request, reply: SimulatedReply, rule: Rule) -> web.StreamResponse:
    body = b"".join(reply.content.chunks(reply.start, reply.stop))
    for _ in range(rule.layers):
        body = gzip.compress(body)
    encoded = SimulatedReply.of(reply.status, reply.content_type, body)
    names = ", ".join(["gzip"] * rule.layers)
    headers = {**reply.headers, "Content-Encoding": names}
    return await send(request, replace(encoded, headers=headers), None)


async def _drip_headers(
    request: web.Request, reply: SimulatedReply, rule: Rule
) -> web.StreamResponse:
    # aiohttp sends all headers in one write, so these go to the transport directly. The connection
    # is closed afterwards, because aiohttp does not know that it was used.
    lines = [f"HTTP/1.1 {reply.status} OK"]
    lines += [f"{name}: {value}" for name, value in reply.all_headers().items()]
    head = "\r\n".join([*lines, "Connection: close", "", ""]).encode()
    transport = request.transport
    for start in range(0, len(head), rule.bytes):
        if transport is None or transport.is_closing():
            break
        transport.write(head[start : start + rule.bytes])
        await asyncio.sleep(rule.seconds)
    if transport is not None and not transport.is_closing():
        transport.write(b"".join(reply.content.chunks(reply.start, reply.stop)))
        transport.close()
    return web.Response(status=CLIENT_CLOSED)


async def _redirect(request: web.Request, _reply: SimulatedReply, rule: Rule) -> web.StreamResponse:
    location = str(request.rel_url) if rule.kind == "redirect_loop" else rule.location
    redirected = replace(SimulatedReply.of(302, "text/plain", b""), headers={"Location": location})
    return await send(request, redirected, None)


Spoiler = Callable[[web.Request, SimulatedReply, Rule], Awaitable[web.StreamResponse]]
SPOILERS: dict[str, Spoiler] = {
    "status": _answer,
    "reset": _reset,
    "truncate": _truncate,
    "drip": _drip,
    "wrong_type": _wrong_type,
    "empty": _empty,
    "chunked": _chunked,
    "redirect": _redirect,
    "redirect_loop": _redirect,
    "encoded": _encoded,
    "drip_headers": _drip_headers,
}
