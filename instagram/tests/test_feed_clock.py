"""The feed continues after a dump is restored into another cluster."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connections
from django.db.models import F
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from instagram.models import ChangeEvent, FeedClock
from instagram.tests.rest.test_changes import FEED, PLACE, names, page, settle, write, writer
from instagram.tests.rest.test_paging import cursor_of
from tests.support.factories import ChangeFactory
from tests.support.waiting import lock_is_awaited, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

# What the other cluster had counted further than this one.
FURTHER = 5_000_000


@pytest.fixture(autouse=True)
def _the_clock_is_right_afterwards(transactional_db: None) -> Iterator[None]:
    """Restore the clock's row, which is not emptied between tests."""
    yield
    # The clock begins behind the newest change, and a test may have written one in the year 2400.
    ChangeEvent.objects.all().delete()
    FeedClock.objects.all().delete()
    FeedClock.follow(now=timezone.now())


def restore(*, places_ahead: int = FURTHER) -> None:
    """The rows as a dump of another cluster restores them."""
    ChangeEvent.objects.update(transaction=F("transaction") + places_ahead)
    FeedClock.objects.update(cluster="7391820000000000001/1", ahead=F("ahead") - FURTHER)


def changes(*objects: str) -> None:
    for name in objects:
        ChangeFactory.create(object_id=name)


def place_behind(name: str) -> str:
    """The cursor of the other cluster after that change."""
    change = ChangeEvent.objects.get(object_id=name)
    return cursor_of(*PLACE, change.transaction, change.pk)


def read_on(api: APIClient, cursor: str) -> list[str]:
    """All changes after the cursor, in pages of two."""
    read: list[str] = []
    while results := names(body := page(api, cursor)):
        read, cursor = read + results, body["cursor"]
    return read


def test_after_a_restore_every_change_is_shown_in_its_order(api: APIClient) -> None:
    changes("a", "b", "c")
    restore()

    FeedClock.follow(now=timezone.now())
    changes("d", "e")
    settle()

    assert read_on(api, "") == ["a", "b", "c", "d", "e"]


def test_a_place_from_before_the_restore_misses_nothing_and_repeats_nothing(
    api: APIClient,
) -> None:
    changes("a", "b", "c")
    restore()
    second, last = place_behind("b"), place_behind("c")

    FeedClock.follow(now=timezone.now())
    changes("d")
    settle()

    assert (read_on(api, second), read_on(api, last)) == (["c", "d"], ["d"])


def test_a_reader_after_the_backup_gets_the_changes_after_the_restore(api: APIClient) -> None:
    changes("in the backup")
    settle()
    changes("lost")
    settle()
    cursor = api.get(FEED).json()["cursor"]
    ChangeEvent.objects.filter(object_id="lost").delete()
    restore(places_ahead=0)

    FeedClock.follow(now=timezone.now())
    changes("new")
    settle()

    assert read_on(api, cursor) == ["new"]


@pytest.mark.slow
def test_an_old_backup_comes_after_the_cluster_that_came_in_between(api: APIClient) -> None:
    FeedClock.objects.update(cluster="1/1")
    FeedClock.follow(now=timezone.now())
    changes("in between")
    settle()
    cursor = api.get(FEED).json()["cursor"]
    ChangeEvent.objects.all().delete()
    FeedClock.objects.update(cluster="1/1", ahead=0)

    FeedClock.follow(now=timezone.now())
    changes("new")
    settle()

    assert read_on(api, cursor) == ["new"]


@pytest.mark.slow
@pytest.mark.parametrize("year", [1970, 2001, 2400])
def test_a_clock_that_is_wrong_leaves_the_order_right(api: APIClient, year: int) -> None:
    changes("a", "b")
    restore()

    FeedClock.follow(now=datetime(year, 1, 1, tzinfo=UTC))
    changes("c")
    settle()

    assert read_on(api, "") == ["a", "b", "c"]


def test_an_upgrade_of_an_archive_in_its_own_cluster_keeps_every_place(api: APIClient) -> None:
    FeedClock.objects.update(cluster="", ahead=0)  # as the migration leaves it
    changes("a")
    settle()
    cursor = api.get(FEED).json()["cursor"]

    FeedClock.follow(now=timezone.now())
    changes("b")
    settle()

    assert (read_on(api, ""), read_on(api, cursor)) == (["a", "b"], ["b"])


def test_in_the_same_cluster_nothing_moves(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    before = FeedClock.objects.values().get()

    with django_assert_num_queries(2):
        FeedClock.follow(now=timezone.now() + timedelta(days=1))

    assert FeedClock.objects.values().get() == before


def test_every_migrate_looks_where_it_is() -> None:
    restore()

    call_command("migrate", verbosity=0)

    assert FeedClock.objects.get().cluster != "7391820000000000001/1"


def test_positions_move_only_after_all_writers_have_ended(api: APIClient) -> None:
    restore()

    def follow() -> None:
        FeedClock.follow(now=timezone.now())
        connections.close_all()

    with writer() as slow:
        write(slow, "slow")
        following = threading.Thread(target=follow)
        following.start()
        wait_until(lock_is_awaited)
        assert api.get(FEED).json()["results"] == []
        slow.commit()
        following.join()
    changes("after")
    settle()

    assert read_on(api, "") == ["slow", "after"]
