"""Items that no parser could read are stored once, however often they are met."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from core.utils.errors import UnexpectedPayload
from instagram.archiving import rejections
from instagram.models import RejectedItem, RunStream, User
from tests.support.factories import RunFactory, StreamFactory, UserFactory
from tests.support.running import archive

pytestmark = pytest.mark.django_db


def odd(number: int, *, item_id: str = "", raw: object = None) -> UnexpectedPayload:
    return UnexpectedPayload("?", path=f"posts[{number}].taken_at", raw=raw, item_id=item_id)


def stream_of_another_run(user: User, name: str = "posts") -> RunStream:
    stream: RunStream = StreamFactory.create(
        run=RunFactory.create(user=user, state="succeeded"), name=name
    )
    return stream


def keep(stream: RunStream, *errors: UnexpectedPayload) -> None:
    rejections.keep(stream.run, stream, errors)


def test_an_item_that_four_runs_meet_is_kept_once_and_as_the_last_met_it() -> None:
    user = UserFactory.create()

    for place in range(4):
        last = stream_of_another_run(user)
        keep(last, odd(place, item_id="77", raw={"met": place}))

    item = RejectedItem.objects.get()
    assert (item.stream, item.path, item.raw) == (last, "posts[3].taken_at", {"met": 3})
    assert item.created_at < item.seen_at


def test_an_item_without_an_id_is_known_by_its_place() -> None:
    user = UserFactory.create()

    for raw in ("before", "after"):
        keep(stream_of_another_run(user), odd(3, raw=raw))

    assert RejectedItem.objects.get().raw == "after"


def test_items_without_an_id_on_two_pages_of_a_run_are_both_kept() -> None:
    stream = stream_of_another_run(UserFactory.create())

    for raw in ("first page", "second page"):
        keep(stream, odd(3, raw=raw))

    assert RejectedItem.objects.count() == 2


def test_items_at_one_place_of_a_page_are_all_kept() -> None:
    user = UserFactory.create()

    for _ in range(2):
        keep(stream_of_another_run(user), odd(3, raw="one"), odd(3, raw="other"))

    assert {*RejectedItem.objects.values_list("raw", flat=True)} >= {"one", "other"}


def test_an_item_that_a_page_shows_twice_is_kept_once() -> None:
    stream = stream_of_another_run(UserFactory.create())

    keep(stream, odd(3, item_id="77"), odd(4, item_id="77"))

    assert RejectedItem.objects.get().path == "posts[4].taken_at"


@pytest.mark.parametrize("name", ["posts", "reels"])
def test_items_of_other_profiles_and_streams_are_other_items(name: str) -> None:
    user = UserFactory.create()
    keep(stream_of_another_run(user), odd(3, item_id="77"))

    other = user if name == "reels" else UserFactory.create()
    keep(stream_of_another_run(other, name), odd(3, item_id="77"))

    assert RejectedItem.objects.count() == 2


def test_an_id_that_is_too_long_for_any_is_cut() -> None:
    user = UserFactory.create()

    for _ in range(2):
        keep(stream_of_another_run(user), odd(3, item_id="7" * 1000))

    assert RejectedItem.objects.get().item_id == "7" * 64


def test_a_page_of_items_takes_three_statements(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    user = UserFactory.create()
    keep(stream_of_another_run(user), *(odd(n, item_id=str(n + 1)) for n in range(20)))
    stream = stream_of_another_run(user)

    with django_assert_num_queries(3):
        keep(stream, *(odd(n, item_id=str(n + 1)) for n in range(40)))


def test_a_page_that_was_read_whole_takes_none(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    stream = stream_of_another_run(UserFactory.create())

    with django_assert_num_queries(0):
        keep(stream)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True, databases=["default", "api_log"])
@pytest.mark.usefixtures("provider")
def test_a_repeated_run_keeps_the_same_rejected_items() -> None:
    archive("unknown.item")
    kept = RejectedItem.objects.count()

    for _ in range(3):
        archive("unknown.item")

    assert RejectedItem.objects.count() == kept > 0
