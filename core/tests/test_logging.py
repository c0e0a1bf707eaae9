"""Which lines reach the logs."""

from __future__ import annotations

import logging

import pytest


@pytest.mark.parametrize("name", ["instagram.archiving.runs", "storage.fixity.losses"])
def test_our_own_events_are_logged(name: str) -> None:
    assert logging.getLogger(name).isEnabledFor(logging.INFO)


@pytest.mark.parametrize(
    "name", ["celery.worker.strategy", "celery.app.trace", "httpx", "httpcore"]
)
def test_each_task_and_each_address_is_not(name: str) -> None:
    assert not logging.getLogger(name).isEnabledFor(logging.INFO)
