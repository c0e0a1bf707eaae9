"""The schedule and the coverage in the admin."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from instagram.models import StoryWindow, StreamPoll, User
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db

LIST = "admin:instagram_streampoll_changelist"
HOUR = timedelta(hours=1)


def polled(user: User, stream: str, *, due: float | None = 1, deadline: float = 5) -> StreamPoll:
    """A poll that is due and late in so many hours; None: not scheduled."""
    now = timezone.now()
    poll: StreamPoll = StreamPoll.objects.create(
        user=user,
        stream=stream,
        due_at=None if due is None else now + due * HOUR,
        deadline_at=None if due is None else now + deadline * HOUR,
    )
    return poll


def half_watched(user: User) -> None:
    """15 of the last 30 days, in two windows with a gap of five days between them."""
    watched(user, first=25, last=15)
    watched(user, first=10, last=5)


def watched(user: User, *, first: int, last: int) -> None:
    """A window, in days before now."""
    now = timezone.now()
    StoryWindow.objects.create(
        user=user, started_at=now - timedelta(days=first), ended_at=now - timedelta(days=last)
    )


@pytest.mark.parametrize("profiles", [1, 8])
def test_the_list_costs_the_same_at_any_length(
    admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries, profiles: int
) -> None:
    for user in UserFactory.create_batch(profiles):
        polled(user, "stories")
        half_watched(user)

    with django_assert_num_queries(7):  # with that of the second factor
        answer = admin_client.get(reverse(LIST))

    assert answer.content.decode().count("50.0%") == profiles


@pytest.mark.parametrize("windows", [1, 12])
def test_the_page_of_a_profile_shows_its_schedule_at_a_fixed_cost(
    admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries, windows: int
) -> None:
    user = UserFactory.create()
    for stream in ("profile", "stories"):
        polled(user, stream)
    for number in range(windows):
        watched(user, first=2 * number + 1, last=2 * number)
    ContentType.objects.get_for_model(User)  # kept for the life of the process

    with django_assert_max_num_queries(11):
        answer = admin_client.get(reverse("admin:instagram_user_change", args=[user.pk]))

    assert answer.status_code == 200


def test_the_page_of_a_poll_shows_share_and_gaps(admin_client: Client) -> None:
    user = UserFactory.create()
    poll = polled(user, "stories")
    half_watched(user)

    page = admin_client.get(reverse("admin:instagram_streampoll_change", args=[poll.pk]))

    html = page.content.decode()
    assert "50.0%" in html
    assert html.count("<div>20") == 3  # before, between and after


def test_streams_without_windows_show_no_coverage(admin_client: Client) -> None:
    user = UserFactory.create()
    polled(user, "posts")
    half_watched(user)

    assert "%" not in _results(admin_client)


@pytest.mark.parametrize(
    ("choice", "streams"),
    [
        ("now", {"posts", "reels"}),
        ("late", {"reels"}),
        ("later", {"stories"}),
        ("never", {"profile"}),
        ("nonsense", {"posts", "reels", "stories"}),
    ],
)
def test_the_list_can_be_filtered_by_due_polls(
    admin_client: Client, choice: str, streams: set[str]
) -> None:
    user = UserFactory.create()
    polled(user, "stories")
    polled(user, "posts", due=-1)
    polled(user, "reels", due=-9, deadline=-1)
    polled(user, "profile", due=None)

    html = _results(admin_client, due=choice)

    names = ("stories", "posts", "reels", "profile")
    assert {name for name in names if f">{name.capitalize()}<" in html} == streams


def test_the_schedule_is_read_only(admin_client: Client) -> None:
    poll = polled(UserFactory.create(), "stories")
    address = reverse("admin:instagram_streampoll_change", args=[poll.pk])

    assert admin_client.post(address, {"stream": "posts"}).status_code == 403


def _results(client: Client, **query: str) -> str:
    html = client.get(reverse(LIST), query).content.decode()
    return html.partition("<tbody")[2].rpartition("</tbody>")[0]
