"""The Core API: checks a call, queries the world, wraps the answer and counts its price."""

from __future__ import annotations

import asyncio
import pickle
import re
from dataclasses import dataclass, field

from aiohttp import web

from lab.simulator import endpoints, envelope, transmission
from lab.simulator.answers import InstagramRefused, Question
from lab.simulator.clock import Clock
from lab.simulator.counting import CallCounts
from lab.simulator.distortions import DISTORTIONS, Distort
from lab.simulator.endpoints import ENDPOINTS, SimulatedEndpoint
from lab.simulator.envelope import SimulatedCall, Written
from lab.simulator.faults import Faults, Rule
from lab.simulator.files import Links
from lab.simulator.paging import InvalidCursor
from lab.simulator.payload_formats import View
from lab.simulator.transmission import SimulatedReply
from lab.simulator.world import Unknown, World
from lab.simulator.worlds import WORLDS

# The provider documents this cookie as the fallback of the header.
COOKIE = re.compile(r"Authorization=([^;]*)")
HEALTH = "/api/v1/health/check"
ACCOUNT = "/api/v1/tikhub/user/get_user_info"
TARGETS = ("user_id", "username", "post_id", "highlight_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command-line options of a simulator."""

    seed: str
    world: str
    token: str
    cdn_url: str
    url_lifetime_seconds: int
    profiles: int
    posts_per_profile: int

    def generate(self) -> World:
        """Return the world before any edit."""
        if self.world != "generated":
            return WORLDS[self.world](self.seed)
        return World.generate(
            self.seed, profiles=self.profiles, posts_per_profile=self.posts_per_profile
        )


@dataclass(slots=True)
class CoreApi:
    options: Options
    world: World = field(init=False)
    clock: Clock = field(default_factory=Clock)
    faults: Faults = field(default_factory=Faults)
    counts: CallCounts = field(default_factory=CallCounts)
    calls: int = 0
    # A pickled copy of the world: loading it is five times as fast as generating the world again.
    _unedited: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.world = self.options.generate()
        self._unedited = pickle.dumps(self.world)

    def reset(self) -> None:
        """Restore the state after the start."""
        self.world = pickle.loads(self._unedited)  # noqa: S301  our own
        self.clock.offset = 0.0
        self.faults.clear()
        self.counts = CallCounts()
        self.calls = 0

    def view(self) -> View:
        """Return the view of the world from which payloads are built, with newly signed links."""
        expires_at = self.clock.now() + self.options.url_lifetime_seconds
        links = Links(self.options.cdn_url, self.options.seed, expires_at)
        return View(self.world, links)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        call = self._call(request)
        # A reset may replace the counters while this call waits. It belongs to the old ones.
        counts = self.counts
        rule = self.faults.take(call.path, call.parameters.values())
        if rule and rule.kind == "delay":
            await asyncio.sleep(rule.seconds)
        written = self._written(call, rule)
        reply = SimulatedReply.of(written.status, written.content_type, written.body)
        # The provider's own SDK reads the id from this header, and not from the body.
        reply.headers["x-request-id"] = call.request_id
        if written.retry_after is not None:
            reply.headers["Retry-After"] = str(written.retry_after)
        response = await transmission.send(request, reply, rule)
        target = next((call.parameters[name] for name in TARGETS if name in call.parameters), "")
        price = ENDPOINTS[call.path].price if call.path in ENDPOINTS else 0
        counts.add(call.path, target, response.status, price)
        return response

    def _call(self, request: web.Request) -> SimulatedCall:
        self.calls += 1
        # By hand: a cookie parser ends the value at the blank of `Authorization=Bearer …`.
        cookie = COOKIE.search(request.headers.get("Cookie", ""))
        sent = request.headers.get("Authorization") or (cookie.group(1) if cookie else "")
        return SimulatedCall(
            path=request.path,
            parameters=dict(request.query),
            token=sent.removeprefix("Bearer ").strip(),
            now=self.clock.now(),
            serial=self.calls,
        )

    def _written(self, call: SimulatedCall, rule: Rule | None) -> Written:
        # Before every check, so that a rule can fail any call: the health check, a wrong token.
        if rule and rule.kind == "form":
            return envelope.form(rule.form, call)
        if call.path == HEALTH:
            return envelope.health()
        if call.path not in {*ENDPOINTS, ACCOUNT}:
            return envelope.form("not_found", call)
        if call.token != self.options.token:
            return envelope.form("invalid_token", call)
        if call.path == ACCOUNT:
            return envelope.account(call)
        distort = DISTORTIONS.get(rule.kind) if rule else None
        return self._answered(call, ENDPOINTS[call.path], distort)

    def _answered(
        self, call: SimulatedCall, endpoint: SimulatedEndpoint, distort: Distort | None
    ) -> Written:
        if invalid := endpoints.invalid_parameters(endpoint, call.parameters):
            return envelope.validation(invalid)
        question = Question(self.view(), call.parameters, call.now)
        try:
            data = endpoint.answer(question)
            return envelope.success(call, distort(data) if distort else data)
        except (Unknown, InstagramRefused, InvalidCursor):
            # The provider answers a missing account, a private one and a bad cursor with the same
            # generic 400, so one 400 never proves that an account is gone.
            return envelope.form("upstream_failed", call)
