"""Many rows are inserted or updated in one statement."""

from __future__ import annotations

import pytest
from django.db import DataError
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from core.db.writing import insert_missing, update_rows
from storage.models import StoredFile

pytestmark = pytest.mark.django_db


def stored(*digests: str) -> list[StoredFile]:
    return [StoredFile.objects.create(sha256=digest, size=1) for digest in digests]


def test_each_row_gets_its_own_values(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    first, second, third = stored("a", "b", "c")
    now = timezone.now()
    rows: list[dict[str, object]] = [
        {"pk": first.pk, "width": 1, "blur": "x", "enriched_at": now, "poster_id": third.pk},
        {"pk": second.pk, "width": None, "blur": "", "enriched_at": None, "poster_id": None},
    ]

    with django_assert_num_queries(1):
        assert update_rows(StoredFile, rows) == 2

    facts = StoredFile.objects.order_by("pk").values_list("width", "blur", "enriched_at", "poster")
    assert [*facts] == [(1, "x", now, third.pk), (None, "", None, None), (None, "", None, None)]


def test_rows_that_do_not_exist_are_not_counted() -> None:
    (file,) = stored("a")

    assert update_rows(StoredFile, [{"pk": key, "width": 5} for key in (file.pk, file.pk + 1)]) == 1


def test_without_rows_nothing_is_sent(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert update_rows(StoredFile, []) == 0


def test_a_text_that_is_too_long_is_refused_and_not_cut() -> None:
    (file,) = stored("a")

    with pytest.raises(DataError, match="too long"):
        update_rows(StoredFile, [{"pk": file.pk, "extension": "too long for it"}])


def test_missing_rows_are_inserted_with_defaults(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    stored("a")
    before = timezone.now()

    with django_assert_num_queries(1):
        rows = [StoredFile(sha256=digest, size=2) for digest in ("a", "b", "c")]
        assert insert_missing(rows) == 2

    found = StoredFile.objects.order_by("sha256")
    assert [(file.sha256, file.size) for file in found] == [("a", 1), ("b", 2), ("c", 2)]
    inserted = found.last()
    assert inserted is not None
    assert before <= inserted.stored_at <= timezone.now()
    assert (inserted.problem, inserted.poster_id, inserted.enrichment_attempts) == ("", None, 0)


def test_without_rows_nothing_is_inserted(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(0):
        assert insert_missing([]) == 0


def test_a_text_that_is_too_long_is_not_inserted() -> None:
    with pytest.raises(DataError, match="too long"):
        insert_missing([StoredFile(sha256="x" * 65, size=1)])
