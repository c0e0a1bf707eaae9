"""Lists are fast at any length: filters read no tables, and only indexed columns sort."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.admin.bases import BigTableAdmin
from instagram.models import ArchiveRun, LegalHold, RejectedItem, Story, StreamPoll
from tests.support.factories import NOON, RunFactory, StoryFactory, StreamFactory, UserFactory

pytestmark = pytest.mark.django_db

BIG = {
    model: page for model, page in admin.site._registry.items() if isinstance(page, BigTableAdmin)
}
LARGE_COLUMNS = ('"raw"', '"raw_data"', '"search_grams"', '"response_body"', '"visited"')


def address(model: type[Model]) -> str:
    """The list of the model."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def label(model: type[Model]) -> str:
    """The id of a parametrised test."""
    return model._meta.label_lower


@pytest.mark.parametrize("model", BIG, ids=label)
def test_no_list_reads_a_whole_table_or_a_large_column(
    admin_client: Client, model: type[Model]
) -> None:
    with CaptureQueriesContext(connection) as captured:
        admin_client.get(address(model))

    statements = "".join(query["sql"] for query in captured)
    assert f'FROM "{model._meta.db_table}"' in statements
    assert "DISTINCT" not in statements
    assert not [column for column in LARGE_COLUMNS if column in statements]


def indexed(model: type[Model]) -> Iterator[str]:
    """The first columns of indexes without a condition."""
    for field in model._meta.concrete_fields:
        if getattr(field, "db_index", False) or field.unique:
            yield field.name
    for index in model._meta.indexes:
        if index.fields and index.condition is None:
            yield index.fields[0]


@pytest.mark.parametrize("model", BIG, ids=label)
def test_a_list_sorts_by_indexed_columns(model: type[Model]) -> None:
    assert {*(BIG[model].sortable_by or ())} <= {*indexed(model)}


@pytest.fixture
def two_profiles() -> None:
    """Two profiles with a row of each kind that belongs to a profile."""
    for name, instagram_id in (("lena.v", "501"), ("otto.k", "502")):
        user = UserFactory.create(username=name, instagram_id=instagram_id)
        StoryFactory.create(user=user, story_id=f"{instagram_id}7")
        run = RunFactory.create(user=user)
        StreamFactory.create(run=run)
        StreamPoll.objects.create(user=user, stream="posts", due_at=NOON, deadline_at=NOON)
        LegalHold.objects.create(user=user, reason=f"request {instagram_id}3")


@pytest.mark.usefixtures("two_profiles")
@pytest.mark.parametrize("model", [Story, ArchiveRun, StreamPoll, LegalHold])
@pytest.mark.parametrize("term", [" @Lena.V", "501"])
def test_rows_are_found_by_the_whole_name_or_id_of_their_profile(
    admin_client: Client, model: type[Model], term: str
) -> None:
    html = admin_client.get(address(model), {"q": term}).content.decode()

    assert "lena.v" in html
    assert "otto.k" not in html


@pytest.mark.usefixtures("two_profiles")
@pytest.mark.parametrize(("model", "term"), [(Story, "5017"), (LegalHold, "request 5013")])
def test_it_is_found_by_its_own_words_too(
    admin_client: Client, model: type[Model], term: str
) -> None:
    html = admin_client.get(address(model), {"q": term}).content.decode()

    assert "lena.v" in html
    assert "otto.k" not in html


def test_a_search_by_name_looks_up_the_profile_first(admin_client: Client) -> None:
    user = UserFactory.create(username="lena.v")
    RunFactory.create(user=user)

    with CaptureQueriesContext(connection) as captured:
        admin_client.get(address(ArchiveRun), {"q": "lena.v"})

    about_runs = [
        query["sql"] for query in captured if 'FROM "instagram_archiverun"' in query["sql"]
    ]
    assert len(about_runs) == 2  # the count and the page
    assert not [statement for statement in about_runs if "lena.v" in statement]


@pytest.mark.parametrize(
    ("days", "rows"),
    [
        ({"created_at_to": "2025-03-01"}, 1),
        ({"created_at_from": "2025-03-01", "created_at_to": "2025-03-01"}, 1),
        ({"created_at_to": "2025-02-28"}, 0),
        ({"created_at_from": "2025-03-02"}, 0),
        ({"created_at_from": "0001-01-01", "created_at_to": "9999-12-31"}, 1),
        ({"created_at_from": "yesterday"}, 1),
    ],
)
def test_a_range_of_days_has_the_whole_of_its_last_day(
    admin_client: Client, days: dict[str, str], rows: int
) -> None:
    run = RunFactory.create(created_at=NOON)

    html = admin_client.get(address(ArchiveRun), days).content.decode()

    assert html.count(f"/{run.pk}/change/") == rows


@pytest.mark.parametrize(("end", "rows"), [("12:00:00", 1), ("11:59:59", 0), ("?", 1)])
def test_a_range_of_times_ends_at_its_last_second(
    admin_client: Client, end: str, rows: int
) -> None:
    poll = StreamPoll.objects.create(
        user=UserFactory.create(), stream="posts", due_at=NOON, deadline_at=NOON
    )

    times = {"due_at_to_0": "2025-03-01", "due_at_to_1": end}
    html = admin_client.get(address(StreamPoll), times).content.decode()

    assert html.count(f"/{poll.pk}/change/") == rows


def test_the_list_of_unreadable_items_names_their_profiles_in_one_query(
    admin_client: Client, django_assert_num_queries: Any
) -> None:
    for _ in range(5):
        RejectedItem.objects.create(stream=StreamFactory.create(), path="posts[1]", error="?")

    with django_assert_num_queries(6):  # session, account, second factor, count, rows, alarms
        admin_client.get(address(RejectedItem))
