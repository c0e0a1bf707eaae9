"""The rows of another app are erased with a profile. The other app is the toy feature."""

from __future__ import annotations

import pytest

from instagram import erasure
from instagram.models import User
from storage import store
from storage.models import StoredFile
from tests.support.erasables import add_profile, archived, stored_file
from tests.support.toy_feature.models import Note

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("media_folder")]


@pytest.fixture
def user() -> User:
    """A profile with two notes, one of them with a file."""
    user = archived()
    Note.objects.create(user=user, file=stored_file("a drawing"))
    Note.objects.create(user=user)
    return user


def test_the_survey_counts_rows_and_files_of_other_apps(user: User) -> None:
    counts = erasure.survey(user)

    assert (counts["toy.notes"], counts["files"]) == (2, 10)


def test_rows_and_files_of_other_apps_are_erased_and_reported(user: User) -> None:
    proof = erasure.erase(user, by=None, reason="request 17").proof

    assert not Note.objects.exists()
    assert not StoredFile.objects.exists()
    assert (proof["removed"]["toy.notes"], proof["files"]["deleted"]) == (2, 10)


def test_rows_of_other_apps_about_other_profiles_are_kept(user: User) -> None:
    other = add_profile("90210999003", "paul.stays")
    note = Note.objects.create(user=other, file=stored_file("a drawing"))

    proof = erasure.erase(user, by=None, reason="request 17").proof

    assert Note.objects.get() == note
    assert note.file is not None
    assert store.default().exists(note.file.name)
    assert proof["files"]["shared"] == 1


def test_a_profile_under_a_hold_keeps_the_rows_of_other_apps(user: User) -> None:
    erasure.place_hold(user, by=None, reason="court order")

    with pytest.raises(erasure.UnderLegalHold):
        erasure.erase(user, by=None, reason="request 17")

    assert Note.objects.count() == 2
