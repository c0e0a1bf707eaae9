"""Rows that are no longer shown are missing first and deleted later; failures prove nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from instagram.archiving import absence, persist
from instagram.archiving.records import OwnerRecord
from instagram.models import (
    ChangeEvent,
    Highlight,
    Post,
    Story,
    StreamPage,
    StreamPoll,
    User,
)
from lab.builders import NOW, post
from lab.simulator.client import SimulatorControl
from settings import current
from settings.models import ArchivingSetting
from tests.support.factories import RunFactory, StreamFactory, UserFactory
from tests.support.running import GRID, archive

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "api_log"])


@pytest.fixture(autouse=True)
def _polls_need_no_distance() -> None:
    ArchivingSetting(minutes_between_misses=0, misses_to_confirm=3).save()


def states(model: Any) -> dict[str, str]:
    return dict(model.objects.values_list("pk", "availability"))


def newest_post(provider: SimulatorControl, username: str) -> str:
    return str(provider.truth()[username]["posts"][4]["id"])


def listed(user: User, *, error_code: str = "", **tabs: list[str]) -> None:
    """A run that has listed these tabs, each with these posts, to the end."""
    state = "failed" if error_code else "succeeded"
    run = RunFactory.create(user=user, state="running")
    for name, ids in tabs.items():
        stream = StreamFactory.create(
            run=run, name=name, state=state, error_code=error_code, seen=len(ids)
        )
        StreamPage.objects.create(stream=stream, ids=ids)
    persist.absent.posts(run, now=timezone.now())
    run.state = "succeeded"
    run.save()


@pytest.mark.slow
def test_a_deleted_post_is_missing_until_three_polls_confirm_it(
    provider: SimulatorControl,
) -> None:
    archive("plain.case", *GRID)
    gone = newest_post(provider, "plain.case")
    provider.edit("delete_post", id=gone)

    seen = []
    for _ in range(3):
        archive("plain.case", *GRID)
        seen.append(Post.objects.get(pk=gone).availability)

    assert seen == ["missing", "missing", "deleted"]
    assert {state for pk, state in states(Post).items() if pk != gone} == {"live"}


@pytest.mark.slow
def test_the_times_of_a_deletion_are_known(provider: SimulatorControl) -> None:
    archive("plain.case", *GRID)
    post = Post.objects.filter(in_reels=False).first()
    assert post is not None
    gone = post.pk
    last_seen = StreamPoll.objects.get(stream="posts").polled_at
    provider.edit("delete_post", id=gone)

    for _ in range(3):
        archive("plain.case", *GRID)

    post = Post.objects.get(pk=gone)
    assert post.last_seen_at == last_seen
    times = [last_seen, post.first_missed_at, post.last_missed_at]
    assert times == sorted({time for time in times if time})
    assert post.confirmed_at == post.last_missed_at


@pytest.mark.slow
def test_a_post_that_comes_back_is_live_again(provider: SimulatorControl) -> None:
    archive("plain.case", *GRID)
    gone = newest_post(provider, "plain.case")
    provider.edit("delete_post", id=gone)
    for _ in range(3):
        archive("plain.case", *GRID)
    provider.reset()

    archive("plain.case", *GRID)

    post = Post.objects.get(pk=gone)
    assert (post.availability, post.misses, post.confirmed_at) == ("live", 0, None)
    events = ChangeEvent.objects.filter(object_id=gone).order_by("pk")
    assert [event.fields["availability"]["new"] for event in events] == [
        "live",
        "missing",
        "deleted",
        "live",
    ]


@pytest.mark.slow
def test_polls_close_together_are_one_poll(provider: SimulatorControl) -> None:
    ArchivingSetting(minutes_between_misses=60).save()
    archive("plain.case", *GRID)
    gone = newest_post(provider, "plain.case")
    provider.edit("delete_post", id=gone)

    for _ in range(4):
        archive("plain.case", *GRID)

    post = Post.objects.get(pk=gone)
    assert (post.availability, post.misses) == ("missing", 1)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["upstream_failed", "bad_gateway", "in_body_execution_error"])
def test_an_outage_deletes_nothing(provider: SimulatorControl, form: str) -> None:
    archive("plain.case", *GRID, "stories")
    provider.add_fault("form", form=form)

    for _ in range(3):
        archive("plain.case", *GRID, "stories")
        User.objects.get().runs.update(state="failed")

    assert {*states(User).values(), *states(Post).values(), *states(Story).values()} == {"live"}


@pytest.mark.slow
def test_an_empty_list_is_not_believed_while_the_profile_counts_posts(
    provider: SimulatorControl,
) -> None:
    archive("plain.case", *GRID, "reels")
    empty = '{"code": 200, "data": {"items": [], "more_available": false, "status": "ok"}}'
    for path in ("fetch_user_posts", "fetch_user_reels"):
        provider.add_fault(
            "status", path=path, status=200, body=empty, content_type="application/json"
        )

    run = archive("plain.case", *GRID, "reels")

    assert run.streams.get(name="posts").state == "succeeded"
    assert {*states(Post).values()} == {"live"}


@pytest.mark.slow
def test_a_poll_of_the_grid_proves_nothing_about_reels(provider: SimulatorControl) -> None:
    archive("plain.case")
    reel = Post.objects.filter(in_reels=True).first()
    assert reel is not None
    provider.edit("delete_post", id=reel.pk)

    archive("plain.case", "profile", "posts")

    assert Post.objects.get(pk=reel.pk).availability == "live"


def test_a_story_that_left_before_its_time_is_missing(provider: SimulatorControl) -> None:
    archive("story.hours", "stories")
    last = Story.objects.order_by("-expires_at").first()
    assert last is not None
    provider.edit("delete_story", id=last.pk)

    archive("story.hours", "stories")

    assert Story.objects.get(pk=last.pk).availability == "missing"
    assert {*states(Story).values()} == {"live", "missing"}


@pytest.mark.slow
def test_an_expired_story_is_not_a_deleted_one(provider: SimulatorControl) -> None:
    archive("story.hours", "stories")
    provider.advance_clock(3 * 86400)
    Story.objects.update(expires_at=timezone.now() - timedelta(minutes=1))

    for _ in range(4):
        archive("story.hours", "stories")

    old = Story.objects.filter(expires_at__lt=timezone.now())
    assert {*old.values_list("availability", flat=True)} == {"live"}


@pytest.mark.slow
def test_a_profile_that_is_gone_is_deleted_after_three_polls_and_keeps_its_posts(
    provider: SimulatorControl,
) -> None:
    archive("plain.case", *GRID)
    posts = Post.objects.count()
    provider.edit("delete_profile", username="plain.case")

    seen = [archive("plain.case", *GRID).user.availability for _ in range(3)]

    assert seen == ["missing", "missing", "deleted"]
    assert Post.objects.filter(availability="live").count() == posts


@pytest.mark.slow
def test_a_profile_that_returns_is_live_again(provider: SimulatorControl) -> None:
    archive("plain.case", "profile")
    provider.edit("delete_profile", username="plain.case")
    for _ in range(3):
        archive("plain.case", "profile")
    provider.reset()

    user = archive("plain.case", "profile").user

    assert (user.availability, user.misses, user.first_missed_at) == ("live", 0, None)


@pytest.mark.slow
def test_a_profile_that_turns_private_is_private_and_its_posts_stay(
    provider: SimulatorControl,
) -> None:
    archive("plain.case", *GRID)
    provider.edit("change_profile", username="plain.case", changes={"is_private": True})

    run = archive("plain.case", *GRID)

    assert run.user.availability == "private"
    assert {*states(Post).values()} == {"live"}


def test_a_highlight_that_left_the_tray_is_missing(provider: SimulatorControl) -> None:
    user = archive("plain.case", "profile", "highlights").user
    kept = Highlight.objects.get()

    persist.absent.highlights(user, [], now=timezone.now())

    assert Highlight.objects.get(pk=kept.pk).availability == "missing"


def test_a_private_profile_that_is_gone_is_deleted_after_three_polls() -> None:
    user = UserFactory.create(availability="private", is_private=True)

    seen = []
    for _ in range(3):
        persist.missing(user, now=timezone.now(), last_seen=None)
        seen.append(User.objects.get().availability)

    assert seen == ["missing", "missing", "deleted"]


def test_a_list_of_reels_that_breaks_off_deletes_none() -> None:
    user = UserFactory.create(availability="live")
    persist.posts(user, [post(number) for number in range(40)], now=NOW, tab="in_reels")

    for _ in range(3):
        listed(user, reels=["0"])

    assert {*states(Post).values()} == {"live"}


def test_reels_that_the_grid_misses_too_are_missing() -> None:
    user = UserFactory.create(availability="live")
    reels = [post(number) for number in range(40)]
    persist.posts(user, reels, now=NOW, tab="in_reels")
    persist.posts(user, reels, now=NOW, tab="in_grid")

    listed(user, posts=["0", "1"], reels=["0", "1"])

    assert sorted(pk for pk, state in states(Post).items() if state == "live") == ["0", "1"]


def test_a_post_seen_only_on_a_coauthors_page_is_not_missed_on_its_owners() -> None:
    owner = UserFactory.create(availability="live")
    coauthor = UserFactory.create(availability="live")
    shared = post(77, owner=OwnerRecord(str(owner.instagram_id), owner.username))
    persist.posts(coauthor, [shared], now=NOW, tab="in_grid")

    for _ in range(3):
        listed(owner, posts=["1", "2"])

    assert Post.objects.get(pk="77").availability == "live"


def test_an_item_that_cannot_be_read_hides_no_deletion() -> None:
    user = UserFactory.create(availability="live")
    persist.posts(user, [post(number) for number in range(3)], now=NOW, tab="in_grid")

    listed(user, posts=["0", "1"], error_code="ItemsUnreadable")

    assert states(Post) == {"0": "live", "1": "live", "2": "missing"}


def test_an_item_without_an_id_may_be_the_one_that_is_not_shown() -> None:
    user = UserFactory.create(availability="live")
    persist.posts(user, [post(number) for number in range(3)], now=NOW, tab="in_grid")

    listed(user, posts=["0", "1", ""], error_code="ItemsUnreadable")

    assert {*states(Post).values()} == {"live"}


def test_a_deleted_row_is_not_missed_again() -> None:
    now = timezone.now()
    user = User(availability="deleted", misses=3, first_missed_at=now)

    assert not absence.missed(user, now=now, last_seen=None, config=current.archiving())


@pytest.mark.parametrize(
    ("listed", "counted", "is_full"),
    [(30, 30, True), (27, 30, True), (26, 30, False), (0, 0, True), (0, 1, False), (0, None, False),
     (3, None, True), (40, 30, True)],
)  # fmt: skip
def test_a_list_much_shorter_than_the_count_is_not_full(
    listed: int, counted: int | None, *, is_full: bool
) -> None:
    assert absence.is_full(listed, counted) is is_full
