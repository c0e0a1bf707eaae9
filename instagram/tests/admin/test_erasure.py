"""Staff erase and hold profiles by a POST, with permissions of their own."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from core.users.models import Account
from instagram import erasure
from instagram.models import LegalHold, Tombstone, User
from instagram.models.erasure import digest
from tests.support.factories import PostFactory, UserFactory

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("media_folder"),
    pytest.mark.slow,
]

LIST = reverse("admin:instagram_tombstone_changelist")
REASON = {"reason": "request 17"}


def step(name: str, user: User) -> str:
    """The address of a step for a profile."""
    return reverse(f"admin:instagram_user_{name}", args=[user.pk])


def page_of(user: User) -> str:
    """The address of its page."""
    return reverse("admin:instagram_user_change", args=[user.pk])


def test_a_post_erases_the_profile(admin_client: Client, superuser: Account) -> None:
    answer = admin_client.post(step("erase", UserFactory.create()), REASON)

    assert answer.headers["Location"] == reverse("admin:instagram_user_changelist")
    assert not User.objects.exists()
    tombstone = Tombstone.objects.get()
    assert (tombstone.erased_by, tombstone.reason) == (superuser, "request 17")


def test_a_link_leads_to_a_confirmation_with_the_survey(admin_client: Client) -> None:
    user = PostFactory.create_batch(3, user=UserFactory.create())[0].user

    page = admin_client.get(step("erase", user))

    html = page.content.decode()
    assert "posts: 3" in html
    assert "stories: 0" not in html
    assert User.objects.exists()


@pytest.mark.parametrize("name", ["erase", "hold", "release"])
def test_the_confirmation_has_one_form_with_a_submit_button(
    admin_client: Client, name: str
) -> None:
    page = admin_client.get(step(name, UserFactory.create())).content.decode()

    form = page.split("csrfmiddlewaretoken")[-1].partition("</form>")[0]
    _, button = form.split("<button")
    assert 'type="submit"' in button
    assert " form=" not in button
    assert form.count('name="reason"') == (name != "release")


def test_nothing_is_erased_without_a_reason(admin_client: Client) -> None:
    admin_client.post(step("erase", UserFactory.create()), {"reason": " "})

    assert User.objects.exists()


def test_a_held_profile_is_not_erased_and_the_page_says_why(admin_client: Client) -> None:
    user = UserFactory.create()
    erasure.place_hold(user, by=None, reason="court order")

    answer = admin_client.post(step("erase", user), REASON, follow=True)

    assert "under a legal hold" in answer.content.decode()
    assert User.objects.get() == user


def test_a_hold_is_placed_and_released(admin_client: Client, superuser: Account) -> None:
    user = UserFactory.create()

    admin_client.post(step("hold", user), {"reason": "court order"})
    admin_client.post(step("release", user))

    hold = LegalHold.objects.get()
    assert (hold.placed_by, hold.released_by) == (superuser, superuser)
    assert hold.released_at is not None


@pytest.mark.parametrize("name", ["erase", "hold", "release"])
def test_staff_that_may_only_change_profiles_can_neither_erase_nor_hold(
    viewer_client: Client, staff: Account, name: str
) -> None:
    staff.user_permissions.add(Permission.objects.get(codename="change_user"))

    assert viewer_client.post(step(name, UserFactory.create()), REASON).status_code == 403
    assert User.objects.exists()


def test_the_page_offers_only_permitted_steps(viewer_client: Client, staff: Account) -> None:
    user = UserFactory.create()
    staff.user_permissions.add(Permission.objects.get(codename="hold_user"))

    page = viewer_client.get(page_of(user)).content.decode()

    assert step("hold", user) in page
    assert step("erase", user) not in page


def test_the_page_of_a_held_profile_offers_to_release_it(admin_client: Client) -> None:
    user = UserFactory.create()
    erasure.place_hold(user, by=None, reason="court order")

    page = admin_client.get(page_of(user)).content.decode()

    assert "Under a legal hold" in page
    offered = [name for name in ("erase", "hold", "release") if step(name, user) in page]
    assert offered == ["release"]


def test_a_form_of_another_site_erases_nothing(superuser: Account) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(superuser)

    answer = client.post(step("erase", UserFactory.create()), REASON)

    assert answer.status_code == 403
    assert User.objects.exists()


def test_no_page_deletes_a_profile_past_its_hold(admin_client: Client) -> None:
    user = UserFactory.create()

    deletion = reverse("admin:instagram_user_delete", args=[user.pk])

    assert admin_client.post(deletion, {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("term", ["@Lena.V", "501", "request"])
def test_a_tombstone_is_found_by_a_name_that_it_does_not_show(
    admin_client: Client, term: str
) -> None:
    Tombstone.objects.create(
        id_digest=digest("501"), username_digests=[digest("lena.v")], reason="request 17"
    )
    Tombstone.objects.create(id_digest=digest("502"), reason="order 18")

    page = admin_client.get(LIST, {"q": term}).content.decode()

    assert "request 17" in page
    assert "order 18" not in page


def test_an_erased_name_is_refused_until_staff_frees_it(admin_client: Client) -> None:
    tombstone = Tombstone.objects.create(username_digests=[digest("lena.v")], reason="request 17")
    add = reverse("admin:instagram_user_add")
    refused = admin_client.post(add, {"name": "lena.v"})

    admin_client.post(LIST, {"action": "free_names", "_selected_action": [tombstone.pk]})
    admin_client.post(add, {"name": "lena.v"})

    assert "erased on request" in refused.content.decode()
    assert User.objects.get().username == "lena.v"
