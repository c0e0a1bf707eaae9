"""Claims, leases, and the results of attempts."""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection
from django.db.models import Q
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from storage import store
from storage.download import queue
from storage.download.queue import ClaimedAsset, Failure, Owner, Success
from storage.errors import (
    DownloadError,
    FileTooLarge,
    ForbiddenAddress,
    NotMedia,
    NotServed,
    TransientDownloadError,
    UrlExpired,
)
from storage.formats import media_types
from storage.models import Asset, StoredFile
from storage.store import MediaContent, Store
from storage.tests.conftest import MakeAsset, MakeFile

CONTENT = MediaContent(hashlib.sha256(b"bytes").hexdigest(), 5, media_types.JPEG)


@pytest.fixture(autouse=True)
def downloaded(media_store: Store) -> None:
    """The bytes are in the store before an attempt is settled."""
    store.save(b"bytes", media_types.JPEG)


def let_leases_end() -> None:
    Asset.objects.update(leased_until=timezone.now() - timedelta(seconds=1))


def fail(asset: ClaimedAsset, error: DownloadError) -> Asset:
    queue.settle([Failure(asset, error)])
    return Asset.objects.get(pk=asset.pk)


def test_a_claimed_asset_is_not_claimed_twice(make_asset: MakeAsset) -> None:
    make_asset()

    assert [len(queue.claim(5)), len(queue.claim(5))] == [1, 0]


def test_stories_come_first_and_then_the_longest_wait(make_asset: MakeAsset) -> None:
    now = timezone.now()
    later = make_asset(next_attempt_at=now - timedelta(minutes=1))
    sooner = make_asset(next_attempt_at=now - timedelta(minutes=2))
    story = make_asset(priority=Asset.Priority.STORY)

    assert [asset.pk for asset in queue.claim(3)] == [story.pk, sooner.pk, later.pk]


def test_an_asset_in_backoff_is_not_claimed(make_asset: MakeAsset) -> None:
    make_asset(next_attempt_at=timezone.now() + timedelta(minutes=1))

    assert queue.claim(1) == []


def test_a_claim_takes_two_statements(
    make_asset: MakeAsset, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(20):
        make_asset()

    with django_assert_num_queries(4):  # savepoint and release around the two
        queue.claim(20)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_share_the_assets(make_asset: MakeAsset) -> None:
    for _ in range(100):
        make_asset()
    barrier = Barrier(4)
    taken: list[int] = []

    def work() -> None:
        barrier.wait()
        while claimed := queue.claim(7):
            taken.extend(asset.pk for asset in claimed)
        connection.close()

    workers = [Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(taken) == len(set(taken)) == 100


def test_an_abandoned_asset_is_due_again_after_its_lease(make_asset: MakeAsset) -> None:
    make_asset()
    queue.claim(1)

    let_leases_end()

    assert len(queue.claim(1)) == 1


def test_a_renewed_lease_lasts_longer(make_asset: MakeAsset) -> None:
    make_asset()
    claimed = queue.claim(1)
    let_leases_end()

    queue.renew_leases(claimed)

    assert queue.claim(1) == []


def test_a_released_asset_is_due_at_once(make_asset: MakeAsset) -> None:
    make_asset()

    queue.release(queue.claim(1))

    assert len(queue.claim(1)) == 1


def test_a_success_stores_the_asset_with_its_file(make_asset: MakeAsset) -> None:
    asset = make_asset(error="earlier", error_code="Transient", attempts=2)
    [claimed] = queue.claim(1)

    result = queue.settle([Success(claimed, CONTENT)])

    asset.refresh_from_db()
    assert (result.stored, result.bytes) == (1, 5)
    assert (asset.state, asset.error, asset.lease) == ("stored", "", None)
    assert asset.file == StoredFile.objects.get(sha256=CONTENT.sha256)


def test_the_same_content_has_one_row(make_asset: MakeAsset) -> None:
    for _ in range(3):
        make_asset()

    result = queue.settle([Success(asset, CONTENT) for asset in queue.claim(3)])

    assert result.stored == 3
    assert StoredFile.objects.count() == 1


def test_a_worker_that_lost_its_lease_changes_nothing(make_asset: MakeAsset) -> None:
    asset = make_asset()
    [claimed] = queue.claim(1)
    Asset.objects.update(lease=uuid.uuid4())

    result = queue.settle([Success(claimed, CONTENT)])

    asset.refresh_from_db()
    assert result == queue.BatchResult(lost=1)
    assert asset.state == "wanted"


def test_two_results_of_one_asset_count_once(make_asset: MakeAsset) -> None:
    make_asset()
    [old] = queue.claim(1)
    let_leases_end()
    [new] = queue.claim(1)

    result = queue.settle(
        [Failure(old, TransientDownloadError("host: reset")), Success(new, CONTENT)]
    )

    assert result == queue.BatchResult(stored=1, bytes=5, lost=1)


@pytest.mark.slow
def test_groups_of_any_size_take_the_same_statements(
    make_asset: MakeAsset, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(64):
        make_asset()
    endings = [
        Success(asset, store.save(b"%d" % number, media_types.JPEG))
        for number, asset in enumerate(queue.claim(64))
    ]

    with django_assert_num_queries(6):  # lock, insert, files, update; and the savepoint's two
        queue.settle(endings)


def test_a_passing_fault_pauses_longer_each_time(make_asset: MakeAsset) -> None:
    make_asset()
    pauses = []
    for _ in range(3):
        [claimed] = queue.claim(1)
        asset = fail(claimed, TransientDownloadError("host: reset"))
        pauses.append((asset.next_attempt_at - timezone.now()).total_seconds())
        Asset.objects.update(next_attempt_at=timezone.now())

    assert asset.attempts == 3
    assert [3 < pauses[0] < 7, 11 < pauses[1] < 19, 33 < pauses[2] < 57] == [True] * 3


def test_a_host_may_ask_for_a_longer_pause(make_asset: MakeAsset) -> None:
    make_asset()

    asset = fail(queue.claim(1)[0], TransientDownloadError("HTTP 429", retry_after=600))

    assert asset.next_attempt_at > timezone.now() + timedelta(seconds=590)


def test_the_last_passing_fault_fails_the_asset(make_asset: MakeAsset) -> None:
    make_asset(attempts=queue.MAX_ATTEMPTS - 1)

    asset = fail(queue.claim(1)[0], TransientDownloadError("host: reset"))

    assert (asset.state, asset.error_code) == ("failed", "Transient")


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (UrlExpired("HTTP 403"), "expired"),
        (FileTooLarge("huge"), "failed"),
    ],
)
def test_a_final_error_ends_the_attempts(
    make_asset: MakeAsset, error: DownloadError, state: str
) -> None:
    make_asset()

    asset = fail(queue.claim(1)[0], error)

    assert (asset.state, asset.error_code, asset.error) == (state, error.code, str(error))


REFUSALS = [NotServed("a page"), ForbiddenAddress("private"), NotMedia("odd bytes")]


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: error.code)
def test_a_refused_file_gets_one_fresh_url_per_run(
    make_asset: MakeAsset, error: DownloadError
) -> None:
    make_asset()
    states = []
    for renewals in range(2):
        Asset.objects.update(
            state="wanted", renewals=renewals, next_attempt_at=timezone.now() - timedelta(1)
        )
        states.append(fail(queue.claim(1)[0], error).state)

    assert states == ["expired", "failed"]


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: error.code)
def test_a_fresh_url_is_asked_for_after_a_pause(
    make_asset: MakeAsset, error: DownloadError
) -> None:
    make_asset()

    asset = fail(queue.claim(1)[0], error)

    assert asset.next_attempt_at > timezone.now() + timedelta(seconds=2)


def test_a_fresh_url_that_does_not_come_counts_too(make_asset: MakeAsset) -> None:
    asset = make_asset(state="expired", error_code="UrlExpired")

    queue.count_renewal(Owner("post", "1"))

    asset.refresh_from_db()
    assert (asset.state, asset.renewals) == ("expired", 1)


@pytest.mark.parametrize(
    ("signed_for", "state"), [(None, "wanted"), (60, "wanted"), (-1, "failed")]
)
def test_without_a_fresh_url_a_valid_old_one_is_tried_once_more(
    make_asset: MakeAsset, signed_for: int | None, state: str
) -> None:
    ends = signed_for and timezone.now() + timedelta(seconds=signed_for)
    asset = make_asset(state="expired", error_code="NotServed", url_expires_at=ends)

    queue.count_renewal(Owner("post", "1"))

    asset.refresh_from_db()
    assert asset.state == state


def test_the_second_page_from_the_old_url_ends_the_attempts(make_asset: MakeAsset) -> None:
    make_asset(state="expired", error_code="NotServed")
    queue.count_renewal(Owner("post", "1"))
    Asset.objects.update(next_attempt_at=timezone.now())

    asset = fail(queue.claim(1)[0], NotServed("a text"))

    assert asset.state == "failed"


def test_a_new_run_allows_fresh_urls_again(make_asset: MakeAsset) -> None:
    given_up = make_asset(state="failed", renewals=3)
    others = make_asset(state="failed", renewals=3, owner_id="2")

    queue.allow_renewals(Q(owner_kind="post", owner_id="1"))

    renewals = [Asset.objects.get(pk=each.pk).renewals for each in (given_up, others)]
    assert renewals == [0, 3]


def test_a_postponed_asset_loses_no_attempt(make_asset: MakeAsset) -> None:
    asset = make_asset()

    queue.postpone(queue.claim(1), timedelta(minutes=1))

    asset.refresh_from_db()
    assert (asset.attempts, asset.lease, queue.claim(1)) == (0, None, [])
    assert asset.next_attempt_at > timezone.now() + timedelta(seconds=55)


def test_an_error_of_an_old_url_does_not_end_the_new_one(make_asset: MakeAsset) -> None:
    make_asset()
    [claimed] = queue.claim(1)
    Asset.objects.update(url="http://127.0.0.1:9/fresh.jpg")

    asset = fail(claimed, UrlExpired("HTTP 403"))

    assert asset.state == "wanted"
    assert asset.next_attempt_at <= timezone.now()


def test_bytes_once_rejected_are_stored_when_they_come_again(
    make_asset: MakeAsset, make_file: MakeFile
) -> None:
    file = make_file(b"\xff\xd8\xffx", rejected_at=timezone.now(), enriched_at=timezone.now())
    make_asset()
    [claimed] = queue.claim(1)

    result = queue.settle(
        [Success(claimed, MediaContent(file.sha256, file.size, media_types.JPEG))]
    )

    file.refresh_from_db()
    assert (result.stored, file.rejected_at, file.enriched_at) == (1, None, None)


def test_the_database_refuses_stored_without_a_file(make_asset: MakeAsset) -> None:
    make_asset()

    with pytest.raises(IntegrityError, match="asset_stored_iff_file"):
        Asset.objects.update(state=Asset.State.STORED)
