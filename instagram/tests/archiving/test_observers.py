"""Other apps observe stored pages. The other app is the toy feature."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from instagram.archiving import observers, persist
from instagram.archiving.records import PostRecord
from instagram.models import ArchiveRun, Post, RunStream, User
from lab.builders import NOW, post
from lab.simulator.client import SimulatorControl
from tests.support.running import archive
from tests.support.toy_feature import plugs
from tests.support.toy_feature.models import Note

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "api_log"])

NAME = "plain.case"


@pytest.fixture(autouse=True)
def _the_toy_observes_nothing() -> Iterator[None]:
    yield
    plugs.watched.clear()
    plugs.unwanted.clear()


def notes() -> list[str]:
    return [*Note.objects.order_by("pk").values_list("text", flat=True)]


def store(user: User, *records: PostRecord) -> None:
    """One page of posts."""
    with transaction.atomic():
        persist.posts(user, records, now=NOW)
        observers.notify(user, RunStream.Name.POSTS)


@pytest.mark.slow
def test_the_observers_of_a_run_see_everything_that_is_new(provider: SimulatorControl) -> None:
    plugs.watched.add(NAME)

    archive(NAME)

    user = User.objects.get(username=NAME)
    assert f"profile: new user {user.pk}" in notes()
    posts = {f"posts: new post {pk}" for pk in Post.objects.values_list("pk", flat=True)}
    assert posts <= {*notes()}


@pytest.mark.slow
def test_a_run_that_finds_nothing_new_is_not_observed(provider: SimulatorControl) -> None:
    archive(NAME)
    plugs.watched.add(NAME)

    archive(NAME)

    assert notes() == []


def test_edited_rows_are_told_apart_from_new_ones() -> None:
    user = User.objects.create(username=NAME, instagram_id="501")
    store(user, post(1))
    plugs.watched.add(NAME)

    store(user, replace(post(1), caption="Another"), post(2))

    assert notes() == ["posts: new post 2", "posts: edited post 1"]


def test_an_observer_that_raises_undoes_the_page(provider: SimulatorControl) -> None:
    plugs.unwanted.add(NAME)

    with pytest.raises(plugs.Refusal):
        archive(NAME)

    assert User.objects.get().instagram_id is None
    assert ArchiveRun.objects.get().streams.filter(state="succeeded").count() == 0


def test_an_unchanged_page_takes_one_statement_more(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    user = User.objects.create(username=NAME, instagram_id="501")

    with transaction.atomic(), django_assert_num_queries(1):
        observers.notify(user, RunStream.Name.POSTS)
