"""The Atom feeds."""

from __future__ import annotations

from uuid import uuid4
from xml.etree import ElementTree as ET

import pytest
from rest_framework.test import APIClient

from instagram.models import ChangeEvent, User
from tests.support.waiting import wait_until

ATOM = {"": "http://www.w3.org/2005/Atom"}
ALL = "/instagram/changes/feed/"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def user() -> User:
    return User.objects.create(username="lena.v", instagram_id="501")


def change(user: User | None, **fields: object) -> ChangeEvent:
    made = ChangeEvent.objects.create(
        kind="post",
        object_id="314",
        user=user,
        event="changed",
        fields={name: {"old": "before", "new": value} for name, value in fields.items()},
    )
    # Transactions in other databases of the server delay the feed.
    wait_until(lambda: ChangeEvent.objects.settled().filter(pk=made.pk).exists())
    return made


def entries(content: bytes) -> list[ET.Element]:
    return ET.fromstring(content).findall("entry", ATOM)  # noqa: S314  our own answer


def test_a_feed_lists_the_newest_changes_first(api: APIClient, user: User) -> None:
    change(user, caption="first")
    newest = change(user, caption="<second> & more")  # a summary is HTML

    response = api.get(ALL, headers={"Accept": "application/atom+xml"})

    assert response["Content-Type"] == "application/atom+xml"
    first, _ = entries(response.content)
    assert first.findtext("title", None, ATOM) == "lena.v: post changed (caption)"
    assert first.findtext("id", None, ATOM) == f"tag:testserver,2026:change/{newest.pk}"
    assert first.findtext("summary", None, ATOM) == "caption: before → &lt;second&gt; &amp; more"
    link = first.find("link", ATOM)
    assert link is not None
    assert link.get("href") == "http://testserver/instagram/posts/314/"


def test_the_feed_of_a_profile_shows_its_own_changes(api: APIClient, user: User) -> None:
    mine = change(user, caption="x")
    change(User.objects.create(username="other", instagram_id="7"), caption="y")

    address = f"/instagram/users/{user.pk}/feed/"
    content = api.get(address).content

    feed, [entry] = ET.fromstring(content), entries(content)  # noqa: S314  our own answer
    assert feed.findtext("id", None, ATOM) == f"http://testserver{address}"
    assert str(entry.findtext("id", None, ATOM)).endswith(f"/{mine.pk}")
    assert api.get(f"/instagram/users/{uuid4()}/feed/").status_code == 404


def test_text_that_xml_cannot_hold_is_replaced(api: APIClient, user: User) -> None:
    change(user, caption="a\x0bb\x1f\ufffe", extra={"deep": ["x" * 5000]})

    [entry] = entries(api.get(ALL).content)

    summary = str(entry.findtext("summary", None, ATOM))
    assert "a\ufffdb\ufffd\ufffd" in summary
    assert len(summary) < 1100


def test_a_feed_of_an_empty_archive_is_valid(api: APIClient) -> None:
    assert entries(api.get(ALL).content) == []


def test_fifty_changes_are_enough(api: APIClient, user: User) -> None:
    for number in range(60):
        change(user, caption=str(number))

    assert len(entries(api.get(ALL).content)) == 50


def test_an_unchanged_feed_is_a_304(api: APIClient, user: User) -> None:
    change(user, caption="x")
    etag = api.get(ALL)["ETag"]

    assert api.get(ALL, headers={"If-None-Match": etag}).status_code == 304
