"""A profile is stored as a row, a name period, a metric and a wanted picture."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.utils.errors import Transient, UnexpectedPayload
from instagram import actions
from instagram.archiving import persist
from instagram.models import ArchiveRun, LegalHold, ProfileMetric, User, UsernamePeriod
from lab.builders import NOW, profile, signed
from storage.models import Asset

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=6)
TOMORROW = NOW + timedelta(days=1)


@pytest.fixture
def user() -> User:
    return actions.add_profile(name="lena.v", by=None).user


def archived(user: User) -> User:
    """The profile after its first answer."""
    return persist.profile(user, profile(), now=NOW)[0]


def test_the_first_answer_identifies_the_profile(user: User) -> None:
    archived(user)

    stored = User.objects.get()
    assert (stored.instagram_id, stored.full_name, stored.availability) == (
        "501",
        "Lena V.",
        "live",
    )


def test_the_first_answer_is_new_and_wants_the_picture(user: User) -> None:
    _, outcome = persist.profile(user, profile(), now=NOW)

    assert outcome == persist.Outcome(seen=1, new=1, wanted=1)
    assert User.objects.get().picture == Asset.objects.get(role="picture")


def test_values_missing_from_the_answer_stay_unknown(user: User) -> None:
    persist.profile(user, profile(biography=None, follower_count=None), now=NOW)

    stored = User.objects.get()
    assert (stored.biography, stored.follower_count) == (None, None)


def test_an_unchanged_answer_writes_nothing(user: User) -> None:
    archived(user)
    before = (*User.objects.values(), *Asset.objects.values(), User.history.count())

    again = profile(picture_url=signed("501_p.jpg", "a"))
    _, outcome = persist.profile(User.objects.get(), again, now=LATER)

    assert outcome == persist.Outcome(seen=1)
    assert (*User.objects.values(), *Asset.objects.values(), User.history.count()) == before


def test_counts_alone_go_to_the_metrics_and_leave_the_profile_alone(user: User) -> None:
    archived(user)
    before = User.objects.values().get()

    persist.profile(User.objects.get(), profile(follower_count=1300), now=TOMORROW)

    assert User.objects.values().get() == before
    counts = ProfileMetric.objects.order_by("day").values_list("follower_count", flat=True)
    assert [*counts] == [1200, 1300]


def test_counts_that_change_twice_on_a_day_keep_the_last(user: User) -> None:
    archived(user)

    persist.profile(User.objects.get(), profile(follower_count=1300), now=LATER)

    assert ProfileMetric.objects.get().follower_count == 1300


def test_an_unknown_count_keeps_the_known_one(user: User) -> None:
    archived(user)

    persist.profile(User.objects.get(), profile(follower_count=None, media_count=34), now=TOMORROW)

    assert ProfileMetric.objects.latest("day").follower_count == 1200


def test_an_edited_biography_leaves_a_history_row(user: User) -> None:
    archived(user)

    persist.profile(User.objects.get(), profile(biography="Lighthouses"), now=LATER)

    texts = User.history.order_by("history_id").values_list("biography", "history_type")
    assert [*texts] == [("Ships & maps", "+"), ("Lighthouses", "~")]


def test_a_new_picture_is_a_new_file(user: User) -> None:
    archived(user)

    persist.profile(User.objects.get(), profile(picture_url=signed("new_p.jpg")), now=LATER)

    stored = User.objects.select_related("picture").get()
    assert stored.picture is not None
    assert stored.picture.source_name == "new_p.jpg"


def test_a_rename_ends_one_period_and_begins_another(user: User) -> None:
    archived(user)

    persist.profile(User.objects.get(), profile(username="lena.new"), now=LATER)

    periods = UsernamePeriod.objects.order_by("started_at").values_list("username", "ended_at")
    assert [*periods] == [("lena.v", LATER), ("lena.new", None)]


def test_a_reused_name_belongs_to_its_new_holder(user: User) -> None:
    first = archived(user)
    second = User.objects.create(username="other", instagram_id="502")

    persist.profile(second, profile("502", "lena.v"), now=LATER)

    assert User.objects.named("lena.v").first() == second
    assert UsernamePeriod.objects.get(user=first).ended_at == LATER


def test_a_renamed_account_added_under_its_new_name_merges_into_its_row(user: User) -> None:
    known = archived(user)
    ArchiveRun.objects.update(state=ArchiveRun.State.SUCCEEDED)
    added = actions.add_profile(name="lena.new", by=None)

    survivor, _ = persist.profile(added.user, profile(username="lena.new"), now=LATER)

    assert survivor == known == User.objects.get()
    assert ArchiveRun.objects.get(pk=added.run.pk).user == known


def test_a_merge_waits_while_the_survivor_is_being_archived(user: User) -> None:
    archived(user)
    added = actions.add_profile(name="lena.new", by=None)

    with pytest.raises(Transient):
        persist.profile(added.user, profile(username="lena.new"), now=LATER)


def test_a_name_that_is_requested_again_keeps_its_row() -> None:
    asked = actions.add_profile(name="lena.v", by=None)
    User.objects.create(username="lena.v", instagram_id="501")  # met as a coauthor

    again = actions.add_profile(name="lena.v", by=None)

    assert again.run == asked.run


def test_a_placeholder_is_merged_once_its_holder_is_known() -> None:
    asked = actions.add_profile(name="lena.v", by=None)
    ArchiveRun.objects.update(state=ArchiveRun.State.FAILED)
    met = User.objects.create(username="lena.v", instagram_id="501")

    persist.profile(met, profile(), now=NOW)

    assert User.objects.get() == met
    assert ArchiveRun.objects.get(pk=asked.run.pk).user == met


def test_a_name_that_is_being_archived_merges_by_itself() -> None:
    asked = actions.add_profile(name="lena.v", by=None)
    met = User.objects.create(username="lena.v", instagram_id="501")

    persist.profile(met, profile(), now=NOW)

    assert {*User.objects.all()} == {asked.user, met}


def test_an_answer_about_another_account_is_refused(user: User) -> None:
    known = archived(user)

    with pytest.raises(UnexpectedPayload):
        persist.profile(known, profile("999", "lena.v"), now=LATER)


def test_a_private_profile_is_known_to_be_private(user: User) -> None:
    persist.profile(user, profile(is_private=True), now=NOW)

    assert User.objects.get().availability == "private"


def test_an_answer_without_is_private_changes_nothing(user: User) -> None:
    known = persist.profile(user, profile(is_private=True), now=NOW)[0]

    _, outcome = persist.profile(known, profile(is_private=None), now=LATER)

    assert (User.objects.get().availability, outcome.changed) == ("private", 0)


def test_a_merge_keeps_the_flags_of_the_placeholder(user: User) -> None:
    known = archived(user)
    ArchiveRun.objects.update(state=ArchiveRun.State.SUCCEEDED)
    asked = User.objects.create(username="lena.new", allow_auto_update_stories=True)
    LegalHold.objects.create(user=known, reason="first")
    LegalHold.objects.create(user=asked, reason="second")

    persist.profile(asked, profile(username="lena.new"), now=LATER)

    merged = User.objects.get()
    assert merged.allow_auto_update_stories
    ends = LegalHold.objects.filter(user=merged).values_list("reason", "released_at")
    assert {*ends} == {("first", None), ("second", LATER)}


def test_a_missing_profile_keeps_the_time_of_its_first_vote(user: User) -> None:
    known = archived(user)

    persist.missing(known, now=LATER, last_seen=None)
    persist.missing(User.objects.get(), now=TOMORROW, last_seen=None)

    stored = User.objects.get()
    assert (stored.availability, stored.first_missed_at) == ("missing", LATER)
