"""The CDN: serves every file that the Core API names, if the URL's signature is valid and fresh."""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass, field, replace

from aiohttp import web

from lab.simulator import files, transmission
from lab.simulator.clock import Clock
from lab.simulator.control import clock_routes, fault_routes, route
from lab.simulator.counting import DownloadCounts
from lab.simulator.faults import Faults
from lab.simulator.media import Library
from lab.simulator.transmission import SimulatedReply

# Two weeks: the bytes of a name never change.
CACHE_CONTROL = "public, max-age=1209600"


@dataclass(slots=True)
class Cdn:
    """One CDN with its own clock and faults, both set by the Core API's process."""

    seed: str
    first_byte_delay: float = 0.0
    library: Library = field(default_factory=Library)
    clock: Clock = field(default_factory=Clock)
    faults: Faults = field(default_factory=Faults)
    counts: DownloadCounts = field(default_factory=DownloadCounts)

    def application(self) -> web.Application:
        application = web.Application()
        application.add_routes(
            [
                *clock_routes(self.clock),
                *fault_routes(self.faults),
                route("GET", "stats", self.show_stats),
                route("POST", "reset", self.reset),
                web.get("/{path:.*}", self.serve),
            ]
        )
        return application

    async def serve(self, request: web.Request) -> web.StreamResponse:
        name = request.path.rpartition("/")[2]
        # A reset replaces the counters while this request waits. It must not lower `running` of the
        # new ones, which never counted it.
        counts = self.counts
        with counts.request(name):
            rule = self.faults.take(request.path, (name,))
            if self.first_byte_delay:
                await asyncio.sleep(self.first_byte_delay)
            if rule and rule.kind == "delay":
                await asyncio.sleep(rule.seconds)
            response = await transmission.send(request, await self._reply(request), rule)
        _count(counts, request, response)
        return response

    async def _reply(self, request: web.Request) -> SimulatedReply:
        file = files.parse_path(request.path, self.seed)
        if file is None:
            return _refusal(404, "Content not found")
        if reason := self._reason_to_refuse(request):
            return _refusal(403, reason)
        # Only the first file of a base is slow, because the base must be read or drawn.
        if not self.library.is_ready(file):
            await asyncio.to_thread(self.library.content, file)
        whole = self.library.content(file)
        # The name without its suffix: it determines the bytes, so it can stand for their hash.
        etag = f'"{request.path.rpartition("/")[2].rpartition("_")[0]}"'
        headers = {"ETag": etag, "Accept-Ranges": "bytes", "Cache-Control": CACHE_CONTROL}
        kind = "video/mp4" if file.is_video else "image/jpeg"
        return _ranged(request, SimulatedReply(200, kind, whole, 0, whole.size, headers))

    def _reason_to_refuse(self, request: web.Request) -> str | None:
        oe, oh = request.query.get("oe", ""), request.query.get("oh", "")
        if not hmac.compare_digest(
            oh.encode(), files.signature(request.path, oe, self.seed).encode()
        ):
            return "Bad URL hash"
        return "URL signature expired" if int(oe, 16) <= self.clock.now() else None

    async def show_stats(self, _request: web.Request) -> web.Response:
        return web.json_response(self.counts.payload())

    async def reset(self, _request: web.Request) -> web.Response:
        self.clock.offset = 0.0
        self.faults.clear()
        self.counts = DownloadCounts()
        return web.json_response({})


def _refusal(status: int, reason: str) -> SimulatedReply:
    return SimulatedReply.of(status, "text/plain", reason.encode())


def _count(counts: DownloadCounts, request: web.Request, response: web.StreamResponse) -> None:
    counts.statuses[str(response.status)] += 1
    # aiohttp sends a web.Response after the handler has returned, so its body_length is still 0.
    unsent = response.body if isinstance(response, web.Response) else None
    counts.bytes += len(unsent) if isinstance(unsent, bytes) else response.body_length
    counts.ranges += "Range" in request.headers
    counts.resized += "_p" in request.query.get("stp", "")


def _ranged(request: web.Request, reply: SimulatedReply) -> SimulatedReply:
    """Return the part of the reply that a Range header selects; all of it for an invalid header."""
    # A client that resumes with another file's ETag gets the whole file. Otherwise it would join
    # the halves of two files.
    condition = request.headers.get("If-Range")
    if "Range" not in request.headers or condition not in (None, reply.headers["ETag"]):
        return reply
    try:
        start, stop, _step = request.http_range.indices(reply.size)
    except ValueError:
        return reply  # RFC 9110: a Range header that cannot be parsed is ignored
    if start >= stop:
        unsatisfiable = {"Content-Range": f"bytes */{reply.size}"}
        return replace(_refusal(416, "Range not satisfiable"), headers=unsatisfiable)
    span = {"Content-Range": f"bytes {start}-{stop - 1}/{reply.size}"}
    return replace(reply, status=206, start=start, stop=stop, headers=reply.headers | span)
