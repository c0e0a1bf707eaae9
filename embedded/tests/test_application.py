"""The programs of a local Instarchiver."""

from __future__ import annotations

from django.conf import settings

from embedded import application


def test_what_cannot_wait_shares_no_worker_with_what_takes_long() -> None:
    queues = {name: set(taken.split(",")) for name, (_, taken) in application.WORKERS.items()}

    assert queues == {
        "worker": {"stories", "default"},
        "archiver": {"archive", "downloads"},
        "curator": {"files"},
    }


def test_every_queue_has_a_worker() -> None:
    read = {queue for _, queues in application.WORKERS.values() for queue in queues.split(",")}

    assert read == set(settings.QUEUES)
