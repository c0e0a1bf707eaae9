"""POST /instagram/inject-data/."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from authentication import keys, tokens
from core.scopes import Role, Scope
from core.users.models import Account
from instagram import ingest
from instagram.archiving.persist import placeholders
from instagram.models import ArchiveRun, ChangeEvent, Story, Tombstone, User
from instagram.models.erasure import digest
from storage.models import Asset
from tests.support.waiting import lock_is_awaited, wait_until

ADDRESS = "/instagram/inject-data/"
BODY = {
    "username": "Some.Profile",
    "story_id": "3141592653589793238",
    "thumbnail": "https://cdn.example/cover.jpg?sig=1",
    "media": "https://cdn.example/story.mp4?sig=2",
    "created_datetime": "2026-11-30T10:00:00Z",
}


@pytest.fixture
def program(api: APIClient, account: Account) -> APIClient:
    """A client with a key that may hand in stories."""
    account.groups.add(*account.groups.model.objects.filter(name=Role.ADMIN))
    key = keys.make(account, name="crawler", scopes=[Scope.INGEST], expires_at=None)
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {key.text}")
    return api


def files_of(story: Story) -> list[tuple[str, str]]:
    """The picture and the video of a story, as far as it has them."""
    return [(each.url, each.state) for each in (story.image, story.video) if each]


def test_a_story_is_stored_with_its_profile_and_its_files_are_wanted(program: APIClient) -> None:
    response = program.post(ADDRESS, BODY)

    answer = response.json()
    processed_at = answer.pop("processed_at")
    assert processed_at > "2026"
    assert (response.status_code, answer) == (
        201,
        {
            "message": "The story is stored.",
            "user_created": True,
            "story_created": True,
            "username": "some.profile",
            "story_id": "3141592653589793238",
            "thumbnail_url": None,
            "media_url": None,
        },
    )
    story = Story.objects.select_related("user", "image", "video").get()
    assert story.user.username == "some.profile"
    assert files_of(story) == [
        (BODY["thumbnail"], Asset.State.WANTED), (BODY["media"], Asset.State.WANTED),
    ]  # fmt: skip
    assert (ChangeEvent.objects.get().event, ArchiveRun.objects.count()) == ("appeared", 0)


def test_the_same_story_is_stored_once(program: APIClient) -> None:
    program.post(ADDRESS, BODY)

    response = program.post(ADDRESS, {**BODY, "story_id": "3141592653589793238_25"})

    assert (response.status_code, response.json()["story_created"]) == (200, False)
    assert (Story.objects.count(), User.objects.count()) == (1, 1)


def test_a_picture_is_its_own_file(program: APIClient) -> None:
    program.post(ADDRESS, {**BODY, "media": "https://cdn.example/story.jpg"})

    story = Story.objects.select_related("image").get()
    assert files_of(story) == [("https://cdn.example/story.jpg", Asset.State.WANTED)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "no name"),
        ("username", 7),
        ("story_id", "x"),
        ("story_id", 31415),
        ("thumbnail", "file:///etc/passwd"),
        ("thumbnail", "ftp://cdn.example/a.jpg"),
        ("media", "http://127.0.0.1/a.jpg"),
        ("media", "http://[::1]:8000/a.jpg"),
        ("media", "http://169.254.169.254/latest/meta-data/"),
        ("media", "http://[::ffff:10.0.0.1]/"),
        ("media", "http://[::1/"),
        ("media", "https://cdn.example:99999/a.jpg"),
        ("media", ""),
        ("created_datetime", "yesterday"),
        ("created_datetime", None),
        ("created_datetime", "9999-12-31T23:59:59Z"),
        ("created_datetime", "2016-08-01T00:00:00Z"),
    ],
)
def test_wrong_input_is_named_by_its_field(program: APIClient, field: str, value: Any) -> None:
    response = program.post(ADDRESS, {**BODY, field: value})

    assert (response.status_code, list(response.json())) == (400, [field])
    assert not User.objects.exists()


def test_only_a_key_with_the_scope_hands_in_stories(api: APIClient, account: Account) -> None:
    account.groups.add(*account.groups.model.objects.filter(name=Role.ADMIN))
    session = tokens.issue(account)["access"]
    other = keys.make(account, name="other", scopes=[Scope.WRITE], expires_at=None).text

    for credentials in (session, other):
        api.credentials(HTTP_AUTHORIZATION=f"Bearer {credentials}")
        assert api.post(ADDRESS, BODY).status_code == 403
    api.credentials()
    assert api.post(ADDRESS, BODY).status_code == 401


def test_a_story_of_another_profile_stays_there(program: APIClient) -> None:
    program.post(ADDRESS, BODY)

    response = program.post(ADDRESS, {**BODY, "username": "other"})

    assert (response.status_code, list(response.json())) == (400, ["story_id"])
    assert [*User.objects.values_list("username", flat=True)] == ["some.profile"]


def test_an_erased_profile_is_not_brought_back(program: APIClient) -> None:
    Tombstone.objects.create(
        id_digest=digest("25"), username_digests=[digest("some.profile")], reason="order 7"
    )

    response = program.post(ADDRESS, BODY)

    assert (response.status_code, list(response.json())) == (400, ["username"])
    assert not Story.objects.exists()


def test_the_stories_survive_when_the_profile_gets_its_id(program: APIClient) -> None:
    program.post(ADDRESS, BODY)
    [named] = User.objects.all()
    survivor = User.objects.create(username="some.profile", instagram_id="25")

    placeholders.take_in(survivor, now=timezone.now())

    assert not User.objects.filter(pk=named.pk).exists()
    assert [*Story.objects.values_list("user", flat=True)] == [survivor.pk]
    assert [*ChangeEvent.objects.values_list("user", flat=True)] == [survivor.pk]


def hand_in(username: str) -> str | None:
    """Hand in story 1 as one of the profile; returns the refusal."""
    record = ingest.record_of(
        story_id="1",
        thumbnail=BODY["thumbnail"],
        media=BODY["media"],
        created_datetime=timezone.now(),
    )
    try:
        ingest.story(username, record)
    except ingest.StoryOfAnother as refusal:
        return str(refusal)
    return None


def hand_in_beside(username: str) -> str | None:
    """The same in another thread, which has a connection of its own."""
    try:
        return hand_in(username)
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_programs_that_hand_in_one_story_at_once_store_it_once() -> None:
    with ThreadPoolExecutor(6) as threads:
        refusals = [*threads.map(hand_in_beside, ["some.profile"] * 6)]

    assert refusals == [None] * 6
    assert (Story.objects.count(), User.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_a_story_that_is_handed_in_for_two_profiles_at_once_stays_with_the_first() -> None:
    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            hand_in("first.profile")
            second = threads.submit(hand_in_beside, "second.profile")
            wait_until(lock_is_awaited)

        assert second.result() == "This story is stored as one of another profile."
    assert Story.objects.get().user.username == "first.profile"
