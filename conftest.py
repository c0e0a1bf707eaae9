"""Fixtures for all tests."""

from __future__ import annotations

import gc
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery.signals import after_task_publish
from django.contrib.auth.models import Group
from django.test import TransactionTestCase
from pytest_django import DjangoDbBlocker, Settings
from rest_framework.test import APIClient

from core.scopes import Role
from core.users.models import Account
from lab.simulator.process import SimulatorProcess, start
from tests.support import database

WHOLE_SYSTEMS = frozenset({"embedded", "faults"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest tests first. As the last ones they would run while other processes idle."""
    items.sort(key=lambda item: WHOLE_SYSTEMS.isdisjoint(item.path.parts))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Exclude the collected tests from garbage collection: thousands of objects that stay."""
    gc.disable()
    yield
    gc.freeze()
    # A test makes many objects and leaves few, so the default threshold collects too often.
    gc.set_threshold(10_000, 20, 20)
    gc.enable()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Save a third of a second: the plugin imports hypothesis for its summary, also if unused."""
    if "hypothesis" not in sys.modules:
        session.config.pluginmanager.unregister(name="hypothesispytest")


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,  # noqa: ARG001  pytest-django's runs first
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    """Give this process a database of its own, and empty it between tests without a flush.

    A flush also writes permissions and content types again. Connections stay open between tests,
    because a new one has to read the catalogue again.
    """
    TransactionTestCase._fixture_teardown = lambda _: database.empty()  # type: ignore[attr-defined]  # noqa: SLF001
    TransactionTestCase._should_reload_connections = lambda _: False  # type: ignore[attr-defined]  # noqa: SLF001
    with django_db_blocker.unblock(), database.own_database():
        yield


@pytest.fixture(scope="session")
def simulator_process() -> Iterator[SimulatorProcess]:
    """The simulator with the world `edges`, shared by all tests. Reset it after each change."""
    with start(world="edges", seed=1) as process:
        yield process


@pytest.fixture
def media_folder(settings: Settings, tmp_path: Path) -> Path:
    """A folder for stored files that no other test sees."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture
def sent() -> Iterator[list[str]]:
    """The names of the tasks sent to the broker, in order."""
    names: list[str] = []

    def note(sender: str, **_: object) -> None:
        names.append(sender)

    after_task_publish.connect(note, weak=False)
    yield names
    after_task_publish.disconnect(note)


@pytest.fixture
def own_cache(settings: Settings) -> None:
    """Use cache keys of this test only: throttles would count the requests of other tests."""
    default = {**settings.CACHES["default"], "KEY_PREFIX": uuid.uuid4().hex}
    settings.CACHES = {**settings.CACHES, "default": default}


@pytest.fixture
def api(own_cache: None, db: None) -> APIClient:  # noqa: ARG001  fixtures by name
    """A client without an account."""
    return APIClient()


@pytest.fixture
def account(db: None) -> Account:  # noqa: ARG001  a fixture by name
    """An archivist, as new accounts are."""
    made = Account.objects.create_user("reader@example.org", "correct horse battery staple")
    made.groups.add(Group.objects.get(name=Role.ARCHIVIST))
    return made


@pytest.fixture
def staff(db: None) -> Account:  # noqa: ARG001  a fixture by name
    """An account that may use the admin."""
    return Account.objects.create_user("staff@example.org", "battery staple", is_staff=True)


@pytest.fixture
def signed_in(api: APIClient, account: Account) -> APIClient:
    """The client of `account`."""
    api.force_authenticate(account)
    return api
