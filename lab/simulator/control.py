"""The control routes of both processes, below `/_simulator/`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from lab.simulator.clock import Clock
from lab.simulator.faults import BadRule, Faults, Rule

PREFIX = "/_simulator/"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def route(method: str, name: str, handler: Handler) -> web.RouteDef:
    """Return a control route. ValueError, LookupError and TypeError become HTTP 400."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        # TypeError: a plan or a rule with an unknown key, passed on as keyword arguments.
        except (ValueError, LookupError, TypeError) as error:
            return web.json_response({"error": str(error)}, status=400)

    return web.route(method, PREFIX + name, guarded)


def clock_routes(clock: Clock) -> list[web.RouteDef]:
    async def show(_request: web.Request) -> web.Response:
        return web.json_response(clock_payload(clock))

    async def change(request: web.Request) -> web.Response:
        move_clock(clock, await request.json())
        return await show(request)

    return [route("GET", "clock", show), route("POST", "clock", change)]


def clock_payload(clock: Clock) -> dict[str, Any]:
    return {"now": clock.now(), "offset": clock.offset}


def move_clock(clock: Clock, payload: dict[str, Any]) -> None:
    """Apply one of `set` (unix seconds), `advance` (seconds) and `offset` (seconds)."""
    match payload:
        case {"set": int() | float() as timestamp}:
            clock.set(timestamp)
        case {"advance": int() | float() as seconds}:
            clock.advance(seconds)
        case {"offset": int() | float() as offset}:
            clock.offset = offset
        case _:
            raise ValueError("send one of set, advance, offset; all in seconds")


def fault_routes(faults: Faults) -> list[web.RouteDef]:
    async def show(_request: web.Request) -> web.Response:
        return web.json_response([rule.payload() for rule in faults.rules])

    async def add(request: web.Request) -> web.Response:
        faults.add(parse_rules(await request.json()))
        return await show(request)

    async def clear(request: web.Request) -> web.Response:
        faults.clear()
        return await show(request)

    return [
        route("GET", "faults", show),
        route("POST", "faults", add),
        route("DELETE", "faults", clear),
    ]


def parse_rules(payload: Any) -> list[Rule]:
    """Parse a list of rules. Raises BadRule."""
    if not isinstance(payload, list):
        raise BadRule("send a list of rules")
    return [Rule.parse(item) for item in payload]
