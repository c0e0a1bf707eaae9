"""A profile keeps its rows under its numeric id when names change."""

from __future__ import annotations

import pytest
from django.db import transaction

from instagram import actions
from instagram.archiving import persist
from instagram.archiving.records import OwnerRecord
from instagram.models import ChangeEvent, Post, Story, User, UsernamePeriod
from lab.builders import NOW, post, profile
from lab.simulator.client import SimulatorControl
from settings.models import ArchivingSetting
from storage.models import Asset
from tests.support.running import GRID, Start, archive, ends
from tests.support.waiting import lock_is_awaited, wait_until

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "api_log"])
HERS, HIS = "two.authors.a", "plain.case"


def posts_of(user: User) -> set[str]:
    return {*Post.objects.filter(user=user).values_list("pk", flat=True)}


def names_of(user: User) -> list[tuple[str, bool]]:
    """Each name of the profile and whether it is the present one, oldest first."""
    periods = UsernamePeriod.objects.filter(user=user).order_by("started_at", "pk")
    return [(period.username, period.ended_at is None) for period in periods]


@pytest.mark.slow
def test_a_rename_is_one_change_and_moves_nothing(provider: SimulatorControl) -> None:
    user = archive(HIS, *GRID).user
    posts, files = posts_of(user), Asset.objects.count()
    provider.edit("rename", username=HIS, new_username="fancy.case")

    renamed = archive(HIS, *GRID).user

    assert (renamed.pk, renamed.username) == (user.pk, "fancy.case")
    assert names_of(renamed) == [(HIS, False), ("fancy.case", True)]
    assert (posts_of(renamed), Asset.objects.count()) == (posts, files)
    changes = ChangeEvent.objects.filter(kind="user", event="changed")
    assert [change.fields for change in changes] == [
        {"username": {"old": HIS, "new": "fancy.case"}}
    ]


@pytest.mark.slow
def test_two_accounts_that_swap_their_names_keep_their_posts(provider: SimulatorControl) -> None:
    she, he = archive(HERS, *GRID).user, archive(HIS, *GRID).user
    hers, his = posts_of(she), posts_of(he)
    provider.edit("swap_usernames", usernames=[HERS, HIS])

    # By the names as people know them: each leads to who held it when it was asked for last.
    first, second = archive(HERS, *GRID).user, archive(HIS, *GRID).user
    archive(HERS, *GRID)
    archive(HIS, *GRID)

    assert {first.pk, second.pk} <= {she.pk, he.pk}
    she.refresh_from_db()
    he.refresh_from_db()
    assert (she.username, he.username) == (HIS, HERS)
    assert (posts_of(she), posts_of(he)) == (hers, his)


@pytest.mark.slow
def test_stories_are_those_of_the_person_under_any_name(provider: SimulatorControl) -> None:
    she = archive("story.hours", "profile").user
    archive(HIS, "profile")
    provider.edit("swap_usernames", usernames=["story.hours", HIS])

    archive("story.hours", "stories")

    hers = {each["id"] for each in provider.truth()[HIS]["stories"]}
    assert {*Story.objects.filter(user=she).values_list("pk", flat=True)} == hers
    assert not Story.objects.exclude(user=she).exists()


@pytest.mark.slow
def test_a_rename_between_polls_costs_no_story(provider: SimulatorControl) -> None:
    she = archive("story.hours", "profile").user
    provider.edit("rename", username="story.hours", new_username="story.days")

    run = archive("story.hours", "stories")

    assert ends(run) == {"stories": ("succeeded", "")}
    assert Story.objects.filter(user=she).exists()


@pytest.mark.slow
def test_a_freed_name_of_a_new_account_is_another_profile(
    provider: SimulatorControl,
) -> None:
    old = archive(HIS, "profile").user
    provider.edit("rename", username=HIS, new_username="fancy.case")
    archive(HIS, "profile")
    provider.edit("rename", username=HERS, new_username=HIS)

    new = archive(HIS, "profile", "posts").user

    assert new.pk != old.pk
    assert new.instagram_id != old.instagram_id
    assert names_of(old) == [(HIS, False), ("fancy.case", True)]
    assert names_of(new) == [(HIS, True)]


@pytest.mark.slow
def test_a_name_taken_before_we_knew_that_it_was_free_ends_for_its_former_holder(
    provider: SimulatorControl,
) -> None:
    old = archive(HIS, "profile").user
    archive(HERS, "profile")
    provider.edit("rename", username=HIS, new_username="fancy.case")
    provider.edit("rename", username=HERS, new_username=HIS)

    new = archive(HERS, "profile").user

    assert names_of(old) == [(HIS, False)]
    assert names_of(new) == [(HERS, False), (HIS, True)]
    assert User.objects.named(HIS)[0] == new


@pytest.mark.slow
def test_a_deactivated_account_that_returns_is_the_same_person(
    provider: SimulatorControl,
) -> None:
    ArchivingSetting(minutes_between_misses=0, misses_to_confirm=1).save()
    user = archive(HIS, *GRID).user
    posts = posts_of(user)
    provider.edit("delete_profile", username=HIS)
    gone = archive(HIS, *GRID)
    assert ends(gone)["profile"] == ("failed", "NoSuchProfile")
    assert gone.user.availability == "deleted"
    provider.reset()

    back = archive(HIS, *GRID).user

    assert (back.pk, back.availability, posts_of(back)) == (user.pk, "live", posts)
    assert names_of(back) == [(HIS, True)]


@pytest.mark.slow
def test_an_id_without_an_answer_is_no_proof_if_another_account_has_the_name(
    provider: SimulatorControl,
) -> None:
    ArchivingSetting(minutes_between_misses=0, misses_to_confirm=1).save()
    user = archive(HIS, "profile").user
    provider.edit("swap_usernames", usernames=[HERS, HIS])
    provider.add_fault("form", form="upstream_failed", path="info_by_id")

    run = archive(HIS, "profile")

    assert ends(run)["profile"] == ("failed", "NotAvailable")
    user.refresh_from_db()
    assert (user.availability, user.username) == ("live", HIS)


@pytest.mark.slow
def test_a_profile_s_first_answer_waits_for_a_page_that_mentions_it(meanwhile: Start) -> None:
    author = persist.profile(actions.add_profile(name="author", by=None).user, profile(), now=NOW)
    asked_for = actions.add_profile(name="guest", by=None).user
    guest = OwnerRecord("502", "guest")

    with transaction.atomic():
        persist.posts(author[0], [post(1, coauthors=(guest,))], now=NOW)
        answered = meanwhile(lambda: first_answer(asked_for))
        wait_until(lock_is_awaited)
    survivor = answered.result(30)

    assert User.objects.get(instagram_id="502") == survivor == Post.objects.get().coauthors.get()
    assert not User.objects.filter(instagram_id=None).exists()


def first_answer(user: User) -> User:
    with transaction.atomic():
        return persist.profile(user, profile("502", "guest"), now=NOW)[0]
