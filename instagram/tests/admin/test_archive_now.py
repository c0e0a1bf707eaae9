"""Staff with the permission start runs by a POST."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from core.users.models import Account
from instagram.models import ArchiveRun, User
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db

LIST = reverse("admin:instagram_user_changelist")
ADD = reverse("admin:instagram_user_add")


def archive_url(user: User) -> str:
    """The address of the button on a profile's page."""
    return reverse("admin:instagram_user_archive", args=[user.pk])


def choose(*users: User) -> dict[str, object]:
    """The form data of the action “Archive now” for these profiles."""
    return {"action": "archive_now", "_selected_action": [str(user.pk) for user in users]}


def test_the_button_starts_a_run(admin_client: Client, superuser: Account) -> None:
    user = UserFactory.create()

    answer = admin_client.post(archive_url(user))

    run = ArchiveRun.objects.get(user=user)
    assert run.requested_by == superuser
    assert answer.headers["Location"] == reverse("admin:instagram_archiverun_change", args=[run.pk])


def test_a_link_starts_nothing(admin_client: Client) -> None:
    answer = admin_client.get(archive_url(UserFactory.create()))

    assert answer.status_code == 405
    assert not ArchiveRun.objects.exists()


def test_a_form_of_another_site_starts_nothing(superuser: Account) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(superuser)

    answer = client.post(archive_url(UserFactory.create()))

    assert answer.status_code == 403


def test_a_second_press_returns_to_the_active_run(admin_client: Client) -> None:
    user = UserFactory.create()
    admin_client.post(archive_url(user))

    admin_client.post(archive_url(user))

    assert ArchiveRun.objects.filter(user=user).count() == 1


def test_the_list_starts_a_run_for_every_chosen_profile(admin_client: Client) -> None:
    chosen = UserFactory.create_batch(2)
    UserFactory.create()

    admin_client.post(LIST, choose(*chosen))

    assert set(ArchiveRun.objects.values_list("user", flat=True)) == {user.pk for user in chosen}


def test_staff_that_may_only_view_starts_no_run(viewer_client: Client) -> None:
    user = UserFactory.create()

    by_button = viewer_client.post(archive_url(user))
    viewer_client.post(LIST, choose(user))

    assert by_button.status_code == 403
    assert not ArchiveRun.objects.exists()


def test_staff_that_may_only_view_sees_no_button(viewer_client: Client) -> None:
    user = UserFactory.create()

    page = viewer_client.get(reverse("admin:instagram_user_change", args=[user.pk]))

    assert archive_url(user) not in page.content.decode()


def test_a_stranger_is_sent_to_the_login(client: Client) -> None:
    answer = client.post(archive_url(UserFactory.create()))

    assert "login" in answer.headers["Location"]


def test_an_unknown_profile_starts_nothing(admin_client: Client) -> None:
    answer = admin_client.post(archive_url(UserFactory.build()))

    assert answer.status_code == 403


@pytest.mark.parametrize("name", ["NatGeo", " @natgeo", "https://www.instagram.com/natgeo/"])
def test_a_profile_is_added_by_name_and_archived(admin_client: Client, name: str) -> None:
    answer = admin_client.post(ADD, {"name": name})

    run = ArchiveRun.objects.get(user__username="natgeo")
    assert answer.headers["Location"] == reverse("admin:instagram_archiverun_change", args=[run.pk])


def test_a_known_profile_is_not_added_twice(admin_client: Client) -> None:
    UserFactory.create(username="natgeo")

    admin_client.post(ADD, {"name": "natgeo"})

    assert User.objects.count() == 1


def test_an_invalid_username_is_refused(admin_client: Client) -> None:
    page = admin_client.post(ADD, {"name": "not a name"})

    assert "Not an Instagram username" in page.content.decode()
    assert not User.objects.exists()


def test_adding_needs_its_permission(viewer_client: Client, staff: Account) -> None:
    assert viewer_client.post(ADD, {"name": "natgeo"}).status_code == 403

    staff.user_permissions.add(Permission.objects.get(codename="add_user"))

    assert viewer_client.post(ADD, {"name": "natgeo"}).status_code == 302


def test_staff_decides_on_automatic_updates(admin_client: Client) -> None:
    user = UserFactory.create()
    inlines = ("polls", "metrics", "username_periods")
    management = {f"{name}-{kind}_FORMS": "0" for name in inlines for kind in ("TOTAL", "INITIAL")}

    admin_client.post(
        reverse("admin:instagram_user_change", args=[user.pk]),
        {
            "allow_auto_update_stories": "on",
            **management,
        },
    )

    user.refresh_from_db()
    assert user.allow_auto_update_stories


def test_the_form_has_no_field_without_an_effect(admin_client: Client) -> None:
    user = UserFactory.create()

    page = admin_client.get(reverse("admin:instagram_user_change", args=[user.pk]))

    assert "allow_auto_update_stories" in page.content.decode()
    assert "limit_count" not in page.content.decode()
