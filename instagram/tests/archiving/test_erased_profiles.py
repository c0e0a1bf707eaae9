"""An erased profile is not stored again by its name, by its id, or as a coauthor."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from api_logs.models import APIRequestLog
from core.utils.errors import Erased
from instagram import actions, adding, erasure
from instagram.archiving import persist
from instagram.archiving.records import OwnerRecord
from instagram.models import ArchiveRun, Post, Tombstone, User
from instagram.models.erasure import digest
from lab.builders import NOW, post, profile
from lab.simulator.client import SimulatorControl
from storage.models import Asset
from tests.support.erasables import ID, NAME, add_profile, tables_with
from tests.support.running import archive

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "api_log"])

ERASED = OwnerRecord(ID, NAME)


@pytest.fixture
def tombstone() -> Tombstone:
    """The tombstone of an erased profile."""
    return Tombstone.objects.create(
        id_digest=digest(ID), username_digests=[digest(NAME)], reason="request 17"
    )


@pytest.mark.usefixtures("tombstone")
def test_an_erased_name_cannot_be_added() -> None:
    with pytest.raises(adding.NameOfErased):
        actions.add_profile(name=f"https://www.instagram.com/{NAME.upper()}/", by=None)

    assert not User.objects.exists()


@pytest.mark.usefixtures("tombstone")
def test_the_rest_api_gives_the_reason_for_a_refused_name(signed_in: APIClient) -> None:
    answer = signed_in.post("/instagram/users/", {"username": NAME})

    assert answer.status_code == 400
    assert "erased on request" in answer.json()["username"][0]


@pytest.mark.usefixtures("tombstone")
def test_another_profile_that_is_known_to_have_the_name_can_be_archived() -> None:
    user = add_profile("90210999003", NAME)

    assert actions.add_profile(name=NAME, by=None).user == user


@pytest.mark.usefixtures("tombstone")
def test_an_erased_id_is_refused_under_every_name() -> None:
    placeholder = User.objects.create(username="new.name")

    with pytest.raises(Erased):
        persist.profile(placeholder, profile(ID, "new.name"), now=NOW)

    assert not tables_with(ID)


def test_a_run_that_meets_an_erased_profile_fails_and_keeps_nothing(
    provider: SimulatorControl,
) -> None:
    archive("plain.case", "profile")
    user = User.objects.get(username="plain.case")
    tombstone = erasure.erase(user, by=None, reason="request 17")
    Tombstone.objects.update(username_digests=[])
    erasure.finish_all(now=tombstone.erased_at + timedelta(minutes=16))

    run = archive("plain.case", "profile")

    assert run.state == "failed"
    assert {*run.streams.values_list("name", "error_code")} == {("profile", "Erased")}
    assert {*APIRequestLog.objects.values_list("response_body", flat=True)} == {""}
    assert not tables_with(str(user.instagram_id))


def test_the_new_name_of_an_erased_profile_is_refused_from_then_on(
    provider: SimulatorControl,
) -> None:
    archive("plain.case", "profile")
    erasure.erase(User.objects.get(username="plain.case"), by=None, reason="request 17")
    Tombstone.objects.update(username_digests=[])
    archive("plain.case", "profile")

    with pytest.raises(adding.NameOfErased):
        actions.add_profile(name="plain.case", by=None)

    assert ArchiveRun.objects.count() == 1


@pytest.mark.usefixtures("tombstone")
def test_a_post_that_names_an_erased_coauthor_is_stored_without_the_link() -> None:
    user = add_profile("90210999003", "paul.stays")

    persist.posts(user, [post(1, coauthors=(ERASED, OwnerRecord("77", "co")))], now=NOW)

    assert [*Post.objects.get().coauthors.values_list("username", flat=True)] == ["co"]
    assert not User.objects.filter(instagram_id=ID).exists()


@pytest.mark.usefixtures("tombstone")
def test_an_unchanged_post_with_an_erased_coauthor_writes_nothing() -> None:
    user = add_profile("90210999003", "paul.stays")
    page = [post(1, coauthors=(ERASED,))]
    persist.posts(user, page, now=NOW)
    before = Post.objects.get()

    outcome = persist.posts(user, page, now=NOW + timedelta(hours=6))

    assert (outcome.new, outcome.changed) == (0, 0)
    assert Post.objects.get().updated_at == before.updated_at
    assert not User.objects.filter(instagram_id=ID).exists()


@pytest.mark.usefixtures("tombstone")
def test_an_erased_profile_s_post_on_a_coauthor_s_page_is_not_stored() -> None:
    user = add_profile("90210999003", "paul.stays")
    theirs = replace(post(1), owner=ERASED)

    outcome = persist.posts(user, [theirs, post(2)], now=NOW)

    assert [*Post.objects.values_list("pk", flat=True)] == ["2"]
    assert not Asset.objects.filter(owner_id="1").exists()
    assert (outcome.seen, outcome.new, outcome.rejected) == (2, 1, 0)
