"""The Core API's control routes. They forward to the CDN what concerns it before they answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession, web

from lab.simulator import edits, manifest
from lab.simulator.control import PREFIX, clock_payload, move_clock, parse_rules, route
from lab.simulator.core_api import CoreApi
from lab.simulator.manifest import Manifest


@dataclass(slots=True)
class CoreControl:
    core_api: CoreApi
    cdn_url: str
    manifest: Manifest = field(default_factory=Manifest)
    _session: ClientSession | None = None

    def application(self) -> web.Application:
        """Return the web application: the control routes, and the Core API for other paths."""
        application = web.Application()
        # aiohttp wants its session to be made inside of the event loop that uses it.
        application.cleanup_ctx.append(self._connection)
        application.add_routes(
            [
                route("GET", "clock", self.show_clock),
                route("POST", "clock", self.set_clock),
                route("GET", "faults", self.show_faults),
                route("POST", "faults", self.add_faults),
                route("DELETE", "faults", self.clear_faults),
                route("GET", "stats", self.show_stats),
                route("POST", "reset", self.reset),
                route("GET", "files", self.show_files),
                route("GET", "truth", self.show_truth),
                route("POST", "edits", self.edit),
                web.get("/{path:.*}", self.core_api.serve),
            ]
        )
        return application

    async def wait_for_cdn(self) -> None:
        await self._ask_cdn("GET", "clock")

    async def show_clock(self, _request: web.Request) -> web.Response:
        return web.json_response(clock_payload(self.core_api.clock))

    async def set_clock(self, request: web.Request) -> web.Response:
        """Set the clocks of both processes."""
        move_clock(self.core_api.clock, await request.json())
        # The offset, not the time: both processes then agree even if this request takes long.
        await self._ask_cdn("POST", "clock", {"offset": self.core_api.clock.offset})
        return await self.show_clock(request)

    async def show_faults(self, _request: web.Request) -> web.Response:
        """Answer with the rules of both processes and their counters."""
        own = [rule.payload() for rule in self.core_api.faults.rules]
        return web.json_response(own + await self._ask_cdn("GET", "faults"))

    async def add_faults(self, request: web.Request) -> web.Response:
        """Add each rule to the process of its service."""
        rules = parse_rules(await request.json())
        self.core_api.faults.add([rule for rule in rules if rule.service == "core_api"])
        for_cdn = [rule.description() for rule in rules if rule.service == "cdn"]
        await self._ask_cdn("POST", "faults", for_cdn)
        return await self.show_faults(request)

    async def clear_faults(self, request: web.Request) -> web.Response:
        self.core_api.faults.clear()
        await self._ask_cdn("DELETE", "faults")
        return await self.show_faults(request)

    async def show_stats(self, _request: web.Request) -> web.Response:
        """Answer with the counters of both processes."""
        counts = {
            "core_api": self.core_api.counts.payload(),
            "cdn": await self._ask_cdn("GET", "stats"),
        }
        return web.json_response(counts)

    async def reset(self, request: web.Request) -> web.Response:
        self.core_api.reset()
        await self._ask_cdn("POST", "reset")
        return await self.show_clock(request)

    async def show_files(self, _request: web.Request) -> web.Response:
        """Answer with all expected files. The first request hashes them."""
        core_api = self.core_api
        # In a thread: hashing a large world takes long, and calls must be answered meanwhile.
        files = await asyncio.to_thread(self.manifest.files, core_api.view(), core_api.clock.now())
        return web.json_response(files)

    async def show_truth(self, _request: web.Request) -> web.Response:
        """Answer with the profiles, posts, stories and highlights of the world."""
        facts = manifest.truth(self.core_api.view(), self.core_api.clock.now())
        return web.json_response(facts)

    async def edit(self, request: web.Request) -> web.Response:
        """Make a list of edits in order, and stop at the first invalid one."""
        core_api = self.core_api
        made = [
            edits.apply(core_api.world, edit, core_api.clock.now()) for edit in await request.json()
        ]
        return web.json_response(made)

    async def _connection(self, _application: web.Application) -> AsyncIterator[None]:
        async with ClientSession(self.cdn_url) as self._session:
            yield

    async def _ask_cdn(self, method: str, name: str, payload: object = None) -> Any:
        if self._session is None:
            raise RuntimeError("the application has not been started")
        async with self._session.request(method, PREFIX + name, json=payload) as response:
            response.raise_for_status()
            return await response.json()
