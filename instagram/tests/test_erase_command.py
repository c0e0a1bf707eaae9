"""`manage.py erase` at a terminal and in a script."""

from __future__ import annotations

import io
import json
import sys
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from instagram import erasure
from instagram.models import Tombstone, User
from tests.support.erasables import ID, NAME, archived, bytes_stored

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("media_folder"),
]


class Terminal(io.StringIO):
    """Standard input that is a terminal."""

    def isatty(self) -> bool:
        return True


def erase(*arguments: str) -> str:
    """The output of the command."""
    out = StringIO()
    call_command("erase", *arguments, "--reason", "request 17", stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.fixture
def user() -> User:
    return archived()


@pytest.mark.slow
@pytest.mark.parametrize("given", [NAME, f"https://www.instagram.com/{NAME}/", ID, "uuid"])
def test_a_profile_is_erased_by_any_of_its_names(user: User, given: str) -> None:
    erase(str(user.pk) if given == "uuid" else given, "--yes")

    assert not User.objects.filter(pk=user.pk).exists()
    assert bytes_stored() == []


def test_a_name_that_could_not_be_added_any_more_can_still_be_erased() -> None:
    user = User.objects.create(username="highlights")

    erase("highlights", "--yes")

    assert not User.objects.filter(pk=user.pk).exists()


def test_the_proof_is_printed_for_people_and_for_programs(user: User) -> None:
    assert "9 files deleted" in erase(NAME, "--yes")

    archived_again = User.objects.create(username="only.a.name")
    printed = json.loads(erase(archived_again.username, "--yes", "--json"))

    assert printed["proof"]["files"]["deleted"] == 0
    assert printed["reason"] == "request 17"


def test_without_a_terminal_it_must_be_told_yes(user: User) -> None:
    with pytest.raises(CommandError) as caught:
        erase(NAME)

    assert caught.value.returncode == 2
    assert User.objects.filter(pk=user.pk).exists()


@pytest.mark.parametrize(("answer", "tombstones"), [(NAME, 1), ("yes", 0), ("", 0)])
def test_at_a_terminal_the_name_confirms(
    user: User, monkeypatch: pytest.MonkeyPatch, answer: str, tombstones: int
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(f"{answer}\n"))

    if tombstones:
        erase(NAME)
    else:
        with pytest.raises(CommandError, match="Nothing was erased"):
            erase(NAME)

    assert Tombstone.objects.count() == tombstones


def test_a_held_profile_is_not_erased(user: User) -> None:
    erasure.place_hold(user, by=None, reason="court order")

    with pytest.raises(CommandError, match="legal hold") as caught:
        erase(NAME, "--yes")

    assert caught.value.returncode == 1


@pytest.mark.parametrize(
    "given", ["unknown.name", "4711", "two words", "11111111-1111-1111-1111-111111111111", ""]
)
def test_an_unknown_profile_is_named(given: str) -> None:
    with pytest.raises(CommandError, match="No profile") as caught:
        erase(given, "--yes")

    assert caught.value.returncode == 1


def test_a_name_of_several_profiles_erases_none(user: User) -> None:
    other = User.objects.create(username=NAME, instagram_id="502")

    with pytest.raises(CommandError, match=str(other.pk)):
        erase(NAME, "--yes")

    assert User.objects.named(NAME).count() == 2


def test_an_erasure_needs_a_reason(user: User) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("erase", user.username, "--yes", "--reason", " ")

    assert caught.value.returncode == 2
