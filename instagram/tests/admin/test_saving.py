"""Saving a page writes what staff changed on it, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.forms.models import model_to_dict
from django.http import Http404, HttpRequest
from django.test import Client
from django.urls import reverse

from core.users.models import Account
from instagram.models import Post, Story, User
from tests.support.factories import PostFactory, StoryFactory, UserFactory

pytestmark = pytest.mark.django_db

FACTORIES = [UserFactory, PostFactory, StoryFactory]
INLINES = ("polls", "metrics", "username_periods", "media")
FORMS = {f"{name}-{kind}_FORMS": 0 for name in INLINES for kind in ("TOTAL", "INITIAL")}
LIMITS = {"auto_update_profile_limit_count": 0, "auto_update_stories_limit_count": 0}


def save(client: Client, row: User | Post | Story, **changed: object) -> None:
    """Press "Save" on the page of the row."""
    address = reverse(f"admin:instagram_{row._meta.model_name}_change", args=[row.pk])
    assert client.post(address, FORMS | LIMITS | changed).status_code == 302


@pytest.mark.parametrize("factory", FACTORIES)
def test_a_save_without_a_change_writes_nothing(admin_client: Client, factory: Any) -> None:
    row = factory.create()
    before = type(row).objects.values().get()

    save(admin_client, row)

    assert type(row).objects.values().get() == before


@pytest.mark.parametrize("factory", [UserFactory, PostFactory])
def test_a_save_without_a_change_leaves_no_history(admin_client: Client, factory: Any) -> None:
    row = factory.create()
    versions = row.history.count()

    save(admin_client, row)

    assert row.history.count() == versions


def test_a_changed_flag_is_written_and_its_author_kept(
    admin_client: Client, superuser: Account
) -> None:
    post = PostFactory.create()

    save(admin_client, post, is_flagged="on")

    assert Post.objects.get().is_flagged
    assert post.history.latest().history_user == superuser


def saving(user: User, by: Account) -> tuple[Any, HttpRequest, Any]:
    """The admin of profiles and a valid form of its page, read and not saved yet."""
    page, request = admin.site._registry[User], HttpRequest()
    request.user = by
    opened = page.get_form(request, user, change=True)
    form = opened(model_to_dict(user) | {"allow_auto_update_stories": True}, instance=user)
    assert form.is_valid()
    return page, request, form


def test_a_save_keeps_the_values_that_a_worker_wrote_meanwhile(
    superuser: Account,
) -> None:
    user = UserFactory.create(biography="as the page was read")
    page, request, form = saving(user, superuser)
    User.objects.update(biography="as a worker wrote it")

    page.save_model(request, form.instance, form, change=True)

    saved = User.objects.get()
    assert (saved.biography, saved.allow_auto_update_stories) == ("as a worker wrote it", True)
    assert saved.history.latest().biography == "as a worker wrote it"


def test_a_save_does_not_restore_a_profile_that_was_erased_meanwhile(superuser: Account) -> None:
    page, request, form = saving(UserFactory.create(), superuser)
    User.objects.all().delete()

    with pytest.raises(Http404):
        page.save_model(request, form.instance, form, change=True)

    assert not User.objects.exists()
