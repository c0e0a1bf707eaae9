"""Events reach every consumer, in order, at least once. The consumers are the toy feature's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.apps.registry import Apps
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from pytest_django import DjangoAssertNumQueries

from core import events
from core.apps import sync_events
from core.events import delivery
from core.models import ConsumerPlace, OutboxEvent
from instagram.models import ChangeEvent
from tests.support.factories import ChangeFactory, UserFactory
from tests.support.toy_feature.events import NOTED, OBJECTION, Objection
from tests.support.toy_feature.models import Note
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

REPEAT, OBJECT = "toy.repeat", "toy.object"
FURTHER = 5_000_000
INSERT = "INSERT INTO core_outboxevent (topic, payload, emitted_at) VALUES (%s, %s, now())"


def emit(*texts: str) -> None:
    """Each in a transaction of its own."""
    for text in texts:
        with transaction.atomic():
            events.emit(NOTED, {"text": text})


def settle() -> None:
    """Wait for transactions in other databases of the server, which hold events up too."""
    wait_until(lambda: OutboxEvent.objects.settled().count() == OutboxEvent.objects.count())


def heard() -> list[str]:
    return [*Note.objects.order_by("pk").values_list("text", flat=True)]


@contextmanager
def writer(text: str) -> Iterator[BaseDatabaseWrapper]:
    """A writer on a connection of its own that has emitted and not committed yet."""
    other = connection.copy()
    other.set_autocommit(autocommit=False)
    try:
        with other.cursor() as cursor:
            cursor.execute(INSERT, [NOTED, f'{{"text": "{text}"}}'])
        yield other
    finally:
        other.close()


def test_a_consumer_gets_each_event_once_and_in_order() -> None:
    emit("a", "b")
    settle()
    delivery.deliver(REPEAT)
    emit("c")
    settle()

    delivery.deliver_events_to(REPEAT)

    assert heard() == ["heard a", "heard b", "heard c"]


def test_many_events_are_delivered_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "BATCH", 2)
    emit("a", "b", "c")
    settle()

    delivery.deliver_events_to(REPEAT)

    assert heard() == ["heard a", "heard b", "heard c"]


def test_an_event_is_undone_with_what_it_tells() -> None:
    with transaction.atomic():
        events.emit(NOTED, {"text": "a"})
        transaction.set_rollback(True)

    assert not OutboxEvent.objects.exists()


def test_an_event_outside_a_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError):
        events.emit(NOTED, {"text": "a"})


def test_an_event_without_a_consumer_is_not_written(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with transaction.atomic(), django_assert_num_queries(0):
        events.emit("toy.unheard", {})


def test_no_event_is_missed_that_is_committed_after_a_later_one() -> None:
    with writer("slow") as slow:
        emit("fast")
        delivery.deliver(REPEAT)
        assert heard() == []
        slow.commit()
    settle()

    delivery.deliver(REPEAT)

    assert heard() == ["heard slow", "heard fast"]


def test_a_consumer_that_fails_gets_the_same_again_and_stops_no_other() -> None:
    emit(OBJECTION)
    settle()

    for _ in range(2):
        with pytest.raises(Objection):
            delivery.deliver_events_to(OBJECT)
    delivery.deliver_events_to(REPEAT)

    assert heard() == [f"heard {OBJECTION}"]


def test_two_processes_do_not_deliver_to_one_consumer_at_a_time() -> None:
    emit("a")
    settle()
    ConsumerPlace.objects.create(name=REPEAT)
    other = connection.copy()
    other.set_autocommit(autocommit=False)
    with other.cursor() as cursor:
        cursor.execute("SELECT * FROM core_consumerplace FOR UPDATE")

    assert delivery.deliver(REPEAT) == 0
    other.close()


def test_each_consumer_is_nudged(sent: list[str]) -> None:
    delivery.deliver_events()

    assert sent.count("core.deliver_events_to") == len([*events.consumers])


def test_an_event_stays_until_all_its_consumers_have_had_it() -> None:
    emit("a")
    settle()
    delivery.deliver(REPEAT)
    assert delivery.prune() == 0

    delivery.deliver(OBJECT)

    assert delivery.prune() == 1
    assert not OutboxEvent.objects.exists()


def test_an_event_whose_consumer_is_gone_is_pruned() -> None:
    OutboxEvent.objects.create(topic="gone.feature")

    assert delivery.prune() == 1


def test_the_place_of_a_consumer_that_is_gone_is_forgotten() -> None:
    ConsumerPlace.objects.create(name="gone.consumer")
    ConsumerPlace.objects.create(name=REPEAT)

    delivery.settle_in()

    assert ConsumerPlace.objects.get().name == REPEAT


@pytest.mark.parametrize("is_pruned", [False, True])
def test_after_a_restore_into_another_cluster_no_event_is_missed(is_pruned: bool) -> None:  # noqa: FBT001  a case
    emit("a")
    settle()
    delivery.deliver(REPEAT)
    if is_pruned:
        OutboxEvent.objects.all().delete()
    OutboxEvent.objects.update(transaction=FURTHER * 1000)
    ConsumerPlace.objects.update(transaction=FURTHER * 1000)

    delivery.settle_in()
    emit("b")
    settle()
    delivery.deliver(REPEAT)

    assert {*heard()} == {"heard a", "heard b"}


def test_in_the_same_cluster_no_place_moves() -> None:
    emit("a")
    settle()
    delivery.deliver(REPEAT)
    before = ConsumerPlace.objects.values().get()

    sync_events(using="default")

    assert ConsumerPlace.objects.values().get() == before


def test_a_database_that_has_no_tables_of_events_yet_is_left_alone(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(0):
        sync_events(using="default", apps=Apps())


def test_the_change_feed_is_delivered_without_being_emitted() -> None:
    user = UserFactory.create()
    ChangeFactory.create(object_id="1", user=user)
    ChangeFactory.create(object_id="2")
    wait_until(lambda: ChangeEvent.objects.settled().count() == 2)

    delivery.deliver("toy.changes")
    delivery.deliver("toy.changes")

    assert heard() == ["changed 1", "changed 2"]
    assert not OutboxEvent.objects.exists()
