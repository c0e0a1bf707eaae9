"""Every page opens, shows its pictures, and costs a fixed number of queries."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from instagram.models import ArchiveRun, Post, RunStream, Story, User
from instagram.tests.factories import (
    PostFactory,
    RunFactory,
    StoredAssetFactory,
    StoredFileFactory,
    StoryFactory,
    StreamFactory,
    UserFactory,
)
from storage.models import StoredFile

pytestmark = pytest.mark.django_db

Shown = type[User] | type[Post] | type[Story] | type[ArchiveRun]

LISTS = {
    "instagram_user": 5,  # session, account, bounded count, rows, access settings
    "instagram_post": 7,  # and media and coauthors
    "instagram_story": 5,
    "instagram_archiverun": 5,  # streams instead of access settings
}


def page_of(model: Shown, name: str) -> str:
    """The address of the page for the only row of the model."""
    label = model._meta.model_name
    return reverse(f"admin:instagram_{label}_{name}", args=[model.objects.get().pk])


def fill(count: int) -> None:
    """So many profiles, each with a picture, a post with a picture, a story and a run."""
    for _ in range(count):
        user = UserFactory.create(picture=StoredAssetFactory.create())
        PostFactory.create(user=user)
        StoryFactory.create(user=user)
        StreamFactory.create(run=RunFactory.create(user=user), error_code="NoCredit")


@pytest.mark.parametrize(("page", "queries"), LISTS.items())
@pytest.mark.parametrize("rows", [1, 7])
def test_a_list_costs_the_same_at_any_length(
    admin_client: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
    page: str,
    queries: int,
    rows: int,
) -> None:
    fill(rows)

    with django_assert_num_queries(queries):
        answer = admin_client.get(reverse(f"admin:{page}_changelist"))

    assert answer.status_code == 200


@pytest.mark.parametrize("media", [1, 6])
def test_the_page_of_a_post_costs_the_same_for_a_carousel(
    admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries, media: int
) -> None:
    post = PostFactory.create(media=media)
    ContentType.objects.get_for_model(Post)  # kept for the life of the process

    with django_assert_num_queries(8):
        admin_client.get(reverse("admin:instagram_post_change", args=[post.pk]))


@pytest.mark.parametrize("streams", [1, 3])
def test_the_page_of_a_run_counts_its_files_once(
    admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries, streams: int
) -> None:
    run = RunFactory.create()
    for position, name in enumerate(RunStream.Name.values[:streams]):
        StreamFactory.create(run=run, name=name, position=position)
    address = page_of(ArchiveRun, "change")
    ContentType.objects.get_for_model(ArchiveRun)  # kept for the life of the process

    with django_assert_num_queries(7):
        admin_client.get(address)


@pytest.mark.parametrize("model", [User, Post, Story, ArchiveRun])
def test_the_page_of_a_row_opens(admin_client: Client, model: Shown) -> None:
    fill(1)

    assert admin_client.get(page_of(model, "change")).status_code == 200


@pytest.mark.parametrize(
    "model", admin.site._registry, ids=lambda model: str(model._meta.label_lower)
)
def test_every_list_opens(admin_client: Client, model: type[User]) -> None:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"

    assert admin_client.get(reverse(name)).status_code == 200


@pytest.mark.parametrize("page", ["instagram_user", "instagram_post", "instagram_story"])
def test_a_list_shows_pictures(admin_client: Client, page: str) -> None:
    fill(1)

    html = admin_client.get(reverse(f"admin:{page}_changelist")).content.decode()

    assert 'src="http://testserver/media/' in html


def test_a_file_that_no_decoder_reads_is_not_shown(admin_client: Client) -> None:
    rejected = StoredFileFactory.create(rejected_at=timezone.now())
    UserFactory.create(picture=StoredAssetFactory.create(file=rejected))

    html = admin_client.get(reverse("admin:instagram_user_changelist")).content.decode()

    assert rejected.sha256 not in html


def test_a_carousel_shows_every_medium(admin_client: Client) -> None:
    post = PostFactory.create(media=3)

    page = admin_client.get(reverse("admin:instagram_post_change", args=[post.pk]))

    files = StoredFile.objects.values_list("sha256", flat=True)
    assert len(files) == 3
    assert all(sha256 in page.content.decode() for sha256 in files)


def test_the_list_shows_the_first_medium_that_is_still_there(admin_client: Client) -> None:
    post = PostFactory.create(media=2)
    gone, first = StoredFile.objects.order_by("assets__pk")
    post.media.filter(position=0).update(removed_at=timezone.now())

    html = admin_client.get(reverse("admin:instagram_post_changelist")).content.decode()

    assert first.sha256 in html
    assert gone.sha256 not in html


def test_posts_are_found_by_a_part_of_a_word(admin_client: Client) -> None:
    wanted = PostFactory.create(caption="Morning in Reykjavík")
    other = PostFactory.create(caption="Evening")

    page = admin_client.get(reverse("admin:instagram_post_changelist"), {"q": "REYKJA"})

    html = page.content.decode()
    assert f">{wanted.pk}<" in html
    assert f">{other.pk}<" not in html


def test_posts_are_found_by_their_id(admin_client: Client) -> None:
    wanted = PostFactory.create()

    page = admin_client.get(reverse("admin:instagram_post_changelist"), {"q": wanted.pk})

    assert f">{wanted.pk}<" in page.content.decode()


def test_the_machines_fields_cannot_be_changed(admin_client: Client) -> None:
    post = PostFactory.create(caption="as it was")

    admin_client.post(
        reverse("admin:instagram_post_change", args=[post.pk]),
        {
            "caption": "forged",
            "is_flagged": "on",
            "media-TOTAL_FORMS": "0",
            "media-INITIAL_FORMS": "0",
        },
    )

    post.refresh_from_db()
    assert (post.caption, post.is_flagged) == ("as it was", True)


@pytest.mark.parametrize("model", [User, Post, Story, ArchiveRun])
def test_nothing_of_the_archive_is_deleted_here(admin_client: Client, model: Shown) -> None:
    fill(1)

    answer = admin_client.post(page_of(model, "delete"), {"post": "yes"})

    assert answer.status_code == 403
