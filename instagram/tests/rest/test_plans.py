"""How PostgreSQL finds the rows of each list when the archive is large."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from core.db.selection import fetch
from instagram.models import ProfileMetric
from tests.support.factories import (
    HighlightFactory,
    PostFactory,
    PostMediaFactory,
    StoryFactory,
    UserFactory,
)

# Rows of an archive with a million posts.
SIZES = {
    "instagram_user": 100_000,
    "instagram_historicaluser": 200_000,
    "instagram_profilemetric": 3_000_000,
    "instagram_post": 1_000_000,
    "instagram_postmedia": 1_900_000,
    "instagram_story": 2_000_000,
    "instagram_highlight": 300_000,
    "instagram_changeevent": 5_000_000,
    "storage_asset": 4_000_000,
    "storage_storedfile": 4_000_000,
}
SEARCHES = (
    "/instagram/posts/?search=rain",
    "/instagram/posts/?search=rain+lena",
    "/instagram/stories/?search=lena",
    "/instagram/users/?search=lena",
    "/instagram/highlights/?search=rain",
)
LISTS = (
    "/instagram/posts/",
    "/instagram/posts/?page_size=100",
    "/instagram/posts/?ordering=-created_at",
    "/instagram/posts/?user={user}",
    "/instagram/stories/",
    "/instagram/stories/?user={user}",
    "/instagram/users/",
    "/instagram/users/?ordering=username",
    "/instagram/users/?ordering=-full_name",
    "/instagram/users/{user}/history/",
    "/instagram/users/{user}/metrics/",
    "/instagram/highlights/",
    "/instagram/highlights/?user={user}",
    "/instagram/posts/{post}/",
    "/instagram/stories/{story}/",
    "/instagram/users/{user}/",
    "/instagram/highlights/{highlight}/",
)

Statement = tuple[str, Any]


@pytest.fixture
def keys() -> dict[str, str]:
    """One object of each kind, all of one profile."""
    user = UserFactory.create()
    post = PostFactory.create(user=user)
    PostMediaFactory.create(post=post)
    # The planner knows that a table without a page is empty.
    ProfileMetric.objects.create(user=user, day=date(2025, 3, 1), follower_count=1)
    return {
        "user": str(user.pk),
        "post": post.pk,
        "story": StoryFactory.create(user=user).pk,
        "highlight": HighlightFactory.create(user=user).pk,
    }


@contextmanager
def recorded() -> Iterator[list[Statement]]:
    """The statements of the block with their parameters."""
    found: list[Statement] = []

    def record(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:  # noqa: FBT001  Django's signature
        found.append((sql, parameters))
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(record):
        yield found


def pretend_to_be_large() -> None:
    """Tell the planner of this transaction about the large tables: so many rows on each page."""
    # What other tests have left, and autovacuum has seen.
    connection.cursor().execute("DELETE FROM pg_statistic")
    for table, rows in SIZES.items():
        connection.cursor().execute(
            "UPDATE pg_class SET reltuples = %s, relpages = 1 WHERE relname = %s", [rows, table]
        )


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A node of a plan and all nodes below it."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def plan_of(statement: Statement, options: str = "VERBOSE") -> list[dict[str, Any]]:
    sql, parameters = statement
    explain = f"EXPLAIN (FORMAT JSON, {options})"
    [(explained,)] = fetch(f"{explain} {sql}", parameters or (), prepare=False)
    return list(nodes(explained[0]["Plan"]))


@pytest.mark.django_db
@pytest.mark.parametrize("path", [*LISTS, *SEARCHES])
def test_a_large_archive_is_read_by_index_only(
    api: APIClient, keys: dict[str, str], path: str
) -> None:
    pretend_to_be_large()
    with recorded() as statements:
        assert api.get(path.format(**keys)).status_code == 200
    plans = [node for statement in statements for node in plan_of(statement)]

    scanned = [
        node["Relation Name"]
        for node in plans
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in SIZES
    ]
    assert scanned == []
    hashed = re.findall(r"hashed (SubPlan \d+)", str(plans))
    assert {node["Node Type"] for node in plans if node.get("Subplan Name") in hashed} <= {
        "Bitmap Heap Scan"
    }


@pytest.mark.django_db
@pytest.mark.parametrize("words", ["rain", "rain+lena"])
@pytest.mark.parametrize(("size", "is_looked_up"), [(5, False), (20, True)])
def test_a_word_is_looked_up_in_all_posts_if_the_first_ones_do_not_fill_a_page(
    api: APIClient, words: str, size: int, *, is_looked_up: bool
) -> None:
    PostFactory.create_batch(8, user=UserFactory.create(full_name="Lena"), caption="rain")
    with recorded() as statements:
        api.get(f"/instagram/posts/?search={words}&page_size={size}")
    [search] = [statement for statement in statements if "@>" in statement[0]]
    pretend_to_be_large()

    executed = [
        node["Actual Loops"] > 0
        for node in plan_of(search, "ANALYZE")
        if node.get("Index Name") == "post_search"
    ]
    assert any(executed) == is_looked_up
    assert executed


@pytest.mark.django_db
@pytest.mark.parametrize("path", [*LISTS, *SEARCHES])
def test_a_prepared_statement_is_not_planned_for_each_request(
    api: APIClient, keys: dict[str, str], path: str
) -> None:
    def planned() -> int:
        sql = "SELECT coalesce(sum(custom_plans), 0)::int FROM pg_prepared_statements"
        [(plans,)] = fetch(sql, prepare=False)
        return int(plans)

    pretend_to_be_large()
    # PostgreSQL plans the first five executions for their values, and then compares the costs.
    for _ in range(6):
        api.get(path.format(**keys))
    before = planned()
    api.get(path.format(**keys))

    assert planned() == before


@pytest.mark.django_db
@pytest.mark.parametrize("path", SEARCHES)
def test_a_search_for_other_words_prepares_no_other_statements(
    api: APIClient, keys: dict[str, str], path: str
) -> None:
    def prepared() -> list[str]:
        found = fetch("SELECT statement FROM pg_prepared_statements", prepare=False)
        return sorted(text for (text,) in found)

    api.get(path.format(**keys))
    before = prepared()
    api.get(f"{path.format(**keys)}y")

    assert prepared() == before


@pytest.mark.django_db
@pytest.mark.parametrize("path", LISTS)
def test_no_read_takes_more_than_five_statements(
    api: APIClient, keys: dict[str, str], path: str
) -> None:
    with recorded() as statements:
        api.get(path.format(**keys))

    assert len(statements) <= (5 if "highlights/{" in path or "{user}" in path else 4)
