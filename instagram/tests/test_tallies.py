"""The numbers of rows of large tables are kept by triggers, exact in every snapshot."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from pytest_django import DjangoAssertNumQueries

from instagram.models import Highlight, Post, RowTally, Story, User
from instagram.tasks import merge_tallies
from tests.support.factories import HighlightFactory, PostFactory, StoryFactory, UserFactory

COUNTED = (User, Post, Story, Highlight)


def counted() -> dict[str, int]:
    """The numbers of rows, read from the tables."""
    counts = {model._meta.db_table: model.objects.count() for model in COUNTED}
    return {table: count for table, count in counts.items() if count}


def tallied() -> dict[str, int]:
    return {table: total for table, total in RowTally.objects.totals().items() if total}


@pytest.mark.django_db
def test_rows_are_counted_as_they_come_and_go(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    posts = PostFactory.create_batch(3)
    StoryFactory.create()
    HighlightFactory.create()
    posts[0].delete()
    Post.objects.filter(pk=posts[1].pk).update(caption="another")

    with django_assert_num_queries(1):
        found = tallied()

    assert found == counted()
    assert found["instagram_post"] == 2


@pytest.mark.django_db
def test_an_insert_that_meets_existing_rows_counts_the_new_ones() -> None:
    user = UserFactory.create()
    rows = [user, *UserFactory.build_batch(2)]

    User.objects.bulk_create(rows, ignore_conflicts=True)
    User.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["uuid"], update_fields=["full_name"]
    )

    assert tallied() == {"instagram_user": 3}


@pytest.mark.django_db
def test_a_transaction_that_is_rolled_back_counts_nothing() -> None:
    with transaction.atomic():
        UserFactory.create()
        transaction.set_rollback(True)

    assert tallied() == {}


@pytest.mark.django_db(transaction=True)
def test_an_emptied_table_has_no_rows() -> None:
    HighlightFactory.create_batch(2)

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE instagram_highlight CASCADE")

    assert tallied() == counted() == {"instagram_user": 2}


@pytest.mark.django_db
def test_merged_tallies_have_the_same_totals() -> None:
    PostFactory.create_batch(5)[0].delete()
    before = tallied()

    merge_tallies()
    merge_tallies()

    assert tallied() == before == counted()
    assert RowTally.objects.count() == len(before)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_lost_while_tallies_are_merged() -> None:
    user = UserFactory.create()

    def write(number: int) -> None:
        try:
            for _ in range(10):
                PostFactory.create(user=user)
                if number % 2:
                    merge_tallies()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        [*pool.map(write, range(4))]

    assert tallied() == counted() == {"instagram_user": 1, "instagram_post": 40}
