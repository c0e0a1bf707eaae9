"""Actions that people can request."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from instagram import actions, adding
from instagram.models import ArchiveRun, RunStream, User


@pytest.mark.parametrize(
    "text",
    [
        "lena.v", "LENA.V", " @Lena.V ", "https://www.instagram.com/lena.v/",
        "instagram.com/lena.v?igsh=abc", "https://instagram.com/stories/lena.v/123/",
        "https://m.instagram.com/Lena.V/reels/",
    ],
)  # fmt: skip
def test_a_name_is_understood_however_it_is_given(text: str) -> None:
    assert actions.username_from(text) == "lena.v"


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "@", "two words", "naïve", "a" * 31, "https://www.instagram.com/p/Cxyz/",
        "https://evil.example/lena.v/", "https://www.instagram.com/", "lena/v", "x\0y", "http://[",
    ],
)  # fmt: skip
def test_an_invalid_username_is_refused(text: str) -> None:
    with pytest.raises(actions.NotAUsername):
        actions.username_from(text)


@pytest.mark.django_db
def test_a_new_name_makes_a_profile_and_its_run() -> None:
    added = actions.add_profile(name="@Lena.V", by=None)

    assert (added.created, added.user.username, added.run.state) == (True, "lena.v", "queued")
    assert [stream.name for stream in added.run.streams.all()] == [
        "profile",
        "stories",
        "posts",
        "reels",
        "highlights",
    ]


@pytest.mark.django_db
def test_a_new_name_has_no_history_yet() -> None:
    actions.add_profile(name="lena.v", by=None)

    assert not User.history.exists()


@pytest.mark.django_db
def test_a_known_name_gives_the_same_profile_and_its_active_run() -> None:
    first = actions.add_profile(name="lena.v", by=None)

    second = actions.add_profile(name="LENA.V", by=None)

    assert (second.created, second.user, second.run) == (False, first.user, first.run)


@pytest.mark.django_db
def test_a_known_name_without_an_active_run_gets_a_new_one() -> None:
    first = actions.add_profile(name="lena.v", by=None)
    ArchiveRun.objects.update(state=ArchiveRun.State.SUCCEEDED)

    second = actions.add_profile(name="lena.v", by=None)

    assert second.run != first.run


@pytest.mark.django_db
def test_an_active_run_takes_on_the_streams_that_a_second_request_adds() -> None:
    user = User.objects.create(username="lena.v", instagram_id="501")
    run = actions.request_archive(user=user, by=None, streams=["stories"])

    actions.request_archive(user=user, by=None, streams=["posts"])

    assert [stream.name for stream in run.streams.all()] == ["stories", "posts"]


@pytest.mark.django_db
def test_a_profile_that_is_only_a_name_is_always_identified_first() -> None:
    added = actions.add_profile(name="lena.v", by=None, streams=["stories"])

    assert RunStream.objects.filter(run=added.run, name="profile").exists()


@pytest.mark.django_db(transaction=True)
def test_two_concurrent_requests_for_a_name_share_one_profile_and_run() -> None:
    def add(_: int) -> adding.AddedProfile:
        try:
            return actions.add_profile(name="lena.v", by=None)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        added = list(threads.map(add, range(8)))

    assert sum(each.created for each in added) == 1
    assert len({each.run.pk for each in added}) == User.objects.count() == 1
