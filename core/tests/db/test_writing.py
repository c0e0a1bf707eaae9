"""Many rows are inserted or updated in one statement."""

from __future__ import annotations

import pytest
from django.db import DataError, IntegrityError
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from core.db.writing import insert, insert_missing, update_rows, upsert, values_of
from instagram.models import ChangeEvent, Post, PostMedia
from storage.models import Asset, StoredFile
from tests.support.factories import NOON, PostFactory, PostMediaFactory, UserFactory

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


def test_new_rows_get_their_keys_in_their_order() -> None:
    files = [StoredFile(sha256=digest, size=1) for digest in "cab"]

    insert(files)

    assert [file.pk for file in files] == sorted(file.pk for file in files)
    assert [StoredFile.objects.get(pk=file.pk).sha256 for file in files] == [*"cab"]


def test_an_inserted_row_can_be_saved_again() -> None:
    (file,) = files = [StoredFile(sha256="a", size=1)]
    insert(files)
    file.size = 2

    file.save()

    assert [*StoredFile.objects.values_list("size", flat=True)] == [2]


def test_a_row_that_exists_is_not_inserted_twice() -> None:
    stored("a")

    with pytest.raises(IntegrityError):
        insert([StoredFile(sha256="a", size=1)])


def test_an_upsert_writes_rows_that_exist_beside_new_ones() -> None:
    post = PostFactory.create()
    old = PostMediaFactory.create(post=post, position=5)
    key, old.position, old.width = old.pk, 1, 7
    new = PostMedia(post=post, instagram_id="9", position=2)

    upsert([old, new], unique=("post", "instagram_id"), updated=("position",))

    assert (old.pk, new.pk) == (key, post.media.get(instagram_id="9").pk)
    found = post.media.filter(pk__in=[old.pk, new.pk])
    assert {*found.values_list("position", "width")} == {(1, 1080), (2, None)}


def test_a_reference_to_a_row_that_was_inserted_later_is_written() -> None:
    asset = Asset(owner_kind="post", owner_id="1", role="image", source_name="a", url="u")
    media = PostMedia(post=PostFactory.create(), instagram_id="9", position=1, image=asset)
    insert([asset])

    insert([media])

    assert media.image_id == asset.pk
    assert PostMedia.objects.get(pk=media.pk).image_id == asset.pk


@pytest.mark.parametrize(
    "document", [{"n": 2**64, "f": 0.1, "t": 'é"\\'}, [None, True], "text", 0, {}, None]
)
def test_a_document_stays_as_it_is(document: object) -> None:
    post = PostFactory.create()
    post.raw_data = document

    update_rows(Post, [values_of(post, ["raw_data"])])

    assert Post.objects.get(pk=post.pk).raw_data == document
    assert Post.objects.filter(raw_data__isnull=document is None).exists()


def test_a_time_in_a_document_is_written_as_its_field_writes_it() -> None:
    fields = {"expires_at": {"old": None, "new": NOON}}
    user = UserFactory.create()
    saved, inserted = (
        ChangeEvent(kind="story", object_id="1", user=user, event="changed", fields=fields)
        for _ in range(2)
    )

    saved.save()
    insert([inserted])

    first, second = ChangeEvent.objects.values_list("fields", flat=True)
    assert first == second


def test_a_reference_to_a_row_without_key_is_refused() -> None:
    asset = Asset(owner_kind="post", owner_id="1", role="image", source_name="a", url="u")
    media = PostMedia(post=PostFactory.create(), instagram_id="9", position=1, image=asset)

    with pytest.raises(ValueError, match="image has no key"):
        insert([media])


def test_rows_may_name_their_columns_in_another_order() -> None:
    first, second = stored("a", "b")

    update_rows(
        StoredFile,
        [{"pk": first.pk, "width": 1, "height": 2}, {"height": 4, "width": 3, "pk": second.pk}],
    )

    assert [*StoredFile.objects.order_by("pk").values_list("width", "height")] == [(1, 2), (3, 4)]
