"""Fixtures of the fuzz tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from pytest_django import Settings

from tests.support.factories import PostFactory, StoryFactory, StreamFactory


@pytest.fixture
def rows(own_cache: None, settings: Settings) -> Iterator[None]:
    """Rows to list, and no throttles. Requests do not close the connection that has the rows."""
    rates = dict.fromkeys(settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "1000000/min")
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
    StoryFactory.create(user=PostFactory.create().user)
    StreamFactory.create()
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)
