"""A person with a browser: signs in on Swagger UI, adds a profile, and watches its run."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone
from pytest_django import Settings

from authentication import keys
from core.scopes import Scope
from core.users.models import Account
from instagram.archiving import pipeline, runs
from instagram.models import ArchiveRun
from lab.simulator.process import SimulatorProcess
from tests.support.outside import require_package, require_program
from tests.support.web import WebServer, web_server

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "api_log"]),
    pytest.mark.slow,
]

PASSWORD = "correct horse battery staple"
OPERATION = "#operations-users-instagram_users_create"
WATCH = """id => new Promise(done => {
    const seen = [], source = new EventSource(`/instagram/runs/${id}/events/`);
    source.addEventListener("progress", event => seen.push(JSON.parse(event.data)));
    source.addEventListener("end", event => {
        source.close();
        done({seen, end: JSON.parse(event.data)});
    });
    setTimeout(() => done({seen, end: null}), 60000);
})"""


@pytest.fixture
def server(simulator_process: SimulatorProcess) -> Iterator[WebServer]:
    with web_server() as running:
        yield running
    simulator_process.control.reset()


@pytest.fixture
def page(server: WebServer, account: Account) -> Iterator[Any]:
    """A page of Chromium that keeps what its console says is wrong in `page.problems`.

    Its driver runs an event loop in this thread, so fixtures that use the database come first.
    """
    chromium = require_program("chromium", package="chromium")
    require_package("playwright")
    playwright: Any = importlib.import_module("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        opened = browser.new_page()
        opened.problems = []
        opened.on("pageerror", lambda error: opened.problems.append(str(error)))
        opened.on("console", lambda line: note(opened, line.text))
        yield opened
        browser.close()


def note(page: Any, line: str) -> None:
    """Keep a line of the console, if it says that a policy has refused something."""
    if "Content Security" in line:
        page.problems.append(line)


@pytest.fixture
def other_thread() -> Iterator[ThreadPoolExecutor]:
    """Where the test asks the database: the thread of the browser belongs to an event loop."""
    with ThreadPoolExecutor(1) as pool:
        yield pool
        # Those of the thread: an archive run opens one for the API log too.
        pool.submit(connections.close_all).result()


@pytest.fixture
def core_api(simulator_process: SimulatorProcess, settings: Settings, media_folder: Path) -> None:
    settings.CORE_API_URL = simulator_process.core_api_url
    settings.CORE_API_TOKEN = simulator_process.token


def sign_in(page: Any, server: WebServer, email: str) -> None:
    page.goto(f"{server.origin}/api/docs/")
    page.click("text=Sign in")
    page.fill("[name=email]", email)
    page.fill("[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_selector(f"text=Signed in as {email}")


def add_profile(page: Any, name: str) -> dict[str, Any]:
    """Send the request as a person does, and return the answer."""
    block = page.locator(OPERATION)
    block.locator(".opblock-summary").first.click()
    block.locator(".try-out__btn").click()
    block.locator("textarea.body-param__text").fill(f'{{"username": "{name}"}}')
    with page.expect_response(lambda answer: answer.request.method == "POST") as sent:
        block.locator(".execute").click()
    assert sent.value.status == 201
    block.locator(".live-responses-table .response-col_status:has-text('201')").wait_for()
    answer: dict[str, Any] = sent.value.json()
    return answer


def archive(run_id: str) -> None:
    run = runs.claim(ArchiveRun.objects.get(pk=run_id).pk, now=timezone.now())
    assert run is not None
    pipeline.archive(run)


@pytest.mark.usefixtures("core_api")
def test_a_person_signs_in_adds_a_profile_and_watches_its_run(
    page: Any, server: WebServer, account: Account, other_thread: ThreadPoolExecutor
) -> None:
    sign_in(page, server, account.email)
    run_id = add_profile(page, "plain.case")["run"]["id"]
    archiving = other_thread.submit(archive, run_id)

    watched = page.evaluate(WATCH, run_id)

    archiving.result()
    assert watched["end"], watched["seen"]
    assert watched["end"]["state"] == "succeeded"
    assert {stream["state"] for stream in watched["end"]["streams"]} == {"succeeded"}
    assert {shown["state"] for shown in watched["seen"]} <= {"queued", "running"}
    assert page.problems == []


def test_a_key_works_in_swagger_ui_too(
    page: Any, server: WebServer, account: Account, other_thread: ThreadPoolExecutor
) -> None:
    key = other_thread.submit(make_key, account).result()
    page.goto(f"{server.origin}/api/docs/")
    page.click("button.authorize")
    scheme = page.locator(".auth-container", has=page.locator("code:has-text('apiKey')"))
    scheme.locator("input").fill(key)
    scheme.locator("button.authorize").click()
    page.click(".btn-done")

    assert add_profile(page, "plain.case")["username"] == "plain.case"
    assert page.problems == []


def make_key(account: Account) -> str:
    return keys.make(account, name="k", scopes=[Scope.WRITE], expires_at=None).text
