"""Sign-ins, refreshes, keys and bans by many clients, while web processes are killed."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection

from authentication import bans, keys
from authentication.models import Ban
from core.scopes import Role, Scope
from core.users.models import Account
from tests.support.web import WebServer, web_server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

CLIENTS = 20
OPERATIONS = 700
KILLS = 4
PASSWORD = "correct horse battery staple"


@dataclass
class Ledger:
    """What happened, and what must not have."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    banned: dict[int, float] = field(default_factory=dict)

    def note(self, work: str, status: int, *, started: float, ended: float | None) -> None:
        """`ended` is when the session or the key had ended for certain."""
        self.answers[work, status] += 1
        if ended is not None and started > ended and status != 401:
            self.broken.append(f"{work} was answered {status} after its end")
        if status not in {200, 201, 401}:
            self.broken.append(f"{work} was answered {status}")

    @property
    def done(self) -> int:
        return sum(self.answers.values())


@dataclass
class ApiClient:
    """A client with an account of its own."""

    server: WebServer
    ledger: Ledger
    account: Account
    access: str = ""
    refresh: str = ""

    def work(self, number: int) -> None:
        chosen = random.Random(number).choice(["login", "refresh", "me", "key"])  # noqa: S311  the same order in each run
        getattr(self, f"_{chosen}")()

    def _login(self) -> None:
        body = {"email": self.account.email, "password": PASSWORD}
        self._keep(self._ask("login", "POST", "/authentication/login/", body))

    def _refresh(self) -> None:
        if self.refresh:
            body = {"refresh": self.refresh}
            self._keep(self._ask("refresh", "POST", "/authentication/refresh/", body))

    def _me(self) -> None:
        if self.access:
            self._ask("me", "GET", "/authentication/me/", token=self.access)

    def _key(self) -> None:
        key = self._made_key()
        if key is None:
            return
        self._ask("key", "GET", "/authentication/me/", token=key.text)
        keys.revoke(type(key.key).objects.filter(pk=key.key.pk), by=self.account)
        self._ask("key", "GET", "/authentication/me/", token=key.text, ended=time.monotonic())

    def _made_key(self) -> keys.NewKey | None:
        try:
            return keys.make(self.account, name="k", scopes=[Scope.READ], expires_at=None)
        except keys.KeyRefused:
            assert Ban.objects.filter(account=self.account).exists()
            return None

    def _keep(self, pair: dict[str, Any] | None) -> None:
        # The last pair stays after a ban: it must not be good for anything any more.
        if pair is not None:
            self.access, self.refresh = pair["access"], pair["refresh"]

    def _ask(
        self,
        work: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str = "",
        ended: float | None = None,
    ) -> dict[str, Any] | None:
        """The JSON of the answer. A process that is killed answers nothing; then None."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        # A session that began after the ban would be a break as well: the ban has no end.
        ended = self.ledger.banned.get(self.account.pk) if ended is None else ended
        started = time.monotonic()
        asking = HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        try:
            asking.request(method, path, json.dumps(body) if body else None, headers)
            answer = asking.getresponse()
            content = answer.read()
        except (OSError, HTTPException):
            return None
        finally:
            asking.close()
        self.ledger.note(work, answer.status, started=started, ended=ended)
        return json.loads(content) if answer.status in {200, 201} else None


def ban(ledger: Ledger, account: Account) -> None:
    """Ban the account. From the commit on it has ended."""
    bans.ban(account, reason="test", ends_at=None, by=None)
    ledger.banned[account.pk] = time.monotonic()


def run(client: ApiClient, numbers: range) -> None:
    try:
        for number in numbers:
            client.work(number)
    finally:
        connection.close()


def kill(server: WebServer, stop: threading.Event) -> None:
    for _ in range(KILLS):
        if stop.wait(1.5):
            return
        server.kill_a_worker()


def test_no_session_outlives_its_ban_and_no_key_its_end() -> None:
    ledger, stop = Ledger(), threading.Event()
    accounts = [
        Account.objects.create_user(f"a{number}@example.org", PASSWORD) for number in range(CLIENTS)
    ]
    Group.objects.get(name=Role.VIEWER).user_set.set(accounts)
    with web_server() as server:
        clients = [ApiClient(server, ledger, each) for each in accounts]
        killing = threading.Thread(target=kill, args=(server, stop))
        killing.start()
        turn = 0
        with ThreadPoolExecutor(CLIENTS) as pool:
            while ledger.done < OPERATIONS or killing.is_alive():
                numbers = range(turn, turn + 5)
                working = [
                    pool.submit(run, client, range(n * 1000 + numbers[0], n * 1000 + numbers[-1]))
                    for n, client in enumerate(clients)
                ]
                if turn and len(ledger.banned) < CLIENTS // 2:
                    ban(ledger, accounts[len(ledger.banned)])
                for each in working:
                    each.result()
                turn += 5
        stop.set()
        killing.join()

    assert ledger.broken == []
    assert ledger.done >= OPERATIONS
    assert len(ledger.banned) >= 5
    for work in ("login", "refresh", "me", "key"):
        assert ledger.answers[work, 200] > 20, ledger.answers
        assert ledger.answers[work, 401] > 3, ledger.answers
