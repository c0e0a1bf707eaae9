"""Every page opens, shows its pictures, and costs a fixed number of queries."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.core.checks import Tags, run_checks
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from instagram.models import ArchiveRun, ChangeEvent, Highlight, Post, RunStream, Story, User
from storage.models import StoredFile
from tests.support.factories import (
    NOON,
    ChangeFactory,
    HighlightFactory,
    HighlightItemFactory,
    PostFactory,
    RunFactory,
    StoredAssetFactory,
    StoredFileFactory,
    StoryFactory,
    StreamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

Shown = type[User | Post | Story | Highlight | ChangeEvent | ArchiveRun]
MODELS = [User, Post, Story, Highlight, ChangeEvent, ArchiveRun]

LISTS = {
    "instagram_user": 6,  # session, account, bounded count, rows, access settings, alarms
    "instagram_post": 8,  # and media and coauthors
    "instagram_story": 6,
    "instagram_highlight": 6,
    "instagram_changeevent": 5,
    "instagram_archiverun": 6,  # streams instead of access settings
}


def page_of(model: Shown, name: str) -> str:
    """The address of the page for the only row of the model."""
    label = model._meta.model_name
    return reverse(f"admin:instagram_{label}_{name}", args=[model.objects.get().pk])


def fill(count: int) -> None:
    """So many profiles, each with a picture, a post and a highlight with a picture,
    a story, a change and a run."""
    for _ in range(count):
        user = UserFactory.create(picture=StoredAssetFactory.create())
        PostFactory.create(user=user)
        StoryFactory.create(user=user)
        HighlightFactory.create(user=user)
        ChangeFactory.create(user=user)
        StreamFactory.create(run=RunFactory.create(user=user), error_code="NoCredit")


@pytest.mark.slow
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

    with django_assert_num_queries(queries + 1):  # and whether staff needs a second factor
        answer = admin_client.get(reverse(f"admin:{page}_changelist"))

    assert answer.status_code == 200


@pytest.mark.parametrize("media", [1, 6])
def test_the_page_of_a_post_costs_the_same_for_a_carousel(
    admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries, media: int
) -> None:
    post = PostFactory.create(media=media)
    ContentType.objects.get_for_model(Post)  # kept for the life of the process

    with django_assert_num_queries(10):
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

    with django_assert_num_queries(9):
        page = admin_client.get(address).content.decode()
    assert "0 of 0 stored, 0\xa0bytes" in page


@pytest.mark.parametrize("model", MODELS)
def test_the_page_of_a_row_opens(admin_client: Client, model: Shown) -> None:
    fill(1)

    assert admin_client.get(page_of(model, "change")).status_code == 200


def test_django_finds_no_fault_in_any_page() -> None:
    assert admin.site._registry
    assert run_checks(tags=[Tags.admin]) == []


@pytest.mark.parametrize(
    "model", admin.site._registry, ids=lambda model: str(model._meta.label_lower)
)
def test_every_list_opens(admin_client: Client, model: type[User]) -> None:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"

    assert admin_client.get(reverse(name)).status_code == 200


@pytest.mark.parametrize(
    "page", ["instagram_user", "instagram_post", "instagram_story", "instagram_highlight"]
)
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


@pytest.mark.parametrize("model", MODELS)
def test_nothing_of_the_archive_is_deleted_here(admin_client: Client, model: Shown) -> None:
    fill(1)

    answer = admin_client.post(page_of(model, "delete"), {"post": "yes"})

    assert answer.status_code == 403


@pytest.mark.parametrize("stories", [1, 6])
def test_the_page_of_a_highlight_costs_the_same_for_many_stories(
    admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries, stories: int
) -> None:
    highlight = HighlightFactory.create()
    HighlightItemFactory.create_batch(stories, highlight=highlight)
    ContentType.objects.get_for_model(Highlight)  # kept for the life of the process

    with django_assert_num_queries(8):
        admin_client.get(reverse("admin:instagram_highlight_change", args=[highlight.pk]))


def test_the_stories_of_a_highlight_are_in_its_order(admin_client: Client) -> None:
    highlight = HighlightFactory.create()
    gone, last, first = (
        HighlightItemFactory.create(highlight=highlight, position=position, removed_at=removed)
        for position, removed in [(0, NOON), (2, None), (1, None)]
    )

    page = admin_client.get(reverse("admin:instagram_highlight_change", args=[highlight.pk]))

    html = page.content.decode()
    places = [html.index(item.story_id) for item in (first, last, gone)]
    assert places == sorted(places)


def test_highlights_are_found_by_a_word_of_their_title(admin_client: Client) -> None:
    wanted = HighlightFactory.create(title="Reykjavík")
    other = HighlightFactory.create()

    page = admin_client.get(reverse("admin:instagram_highlight_changelist"), {"q": "reykja"})

    html = page.content.decode()
    assert f">{wanted.pk}<" in html
    assert f">{other.pk}<" not in html


def test_changes_are_found_by_the_id_of_their_object(admin_client: Client) -> None:
    ChangeFactory.create(object_id="3000000000000000001")
    ChangeFactory.create(object_id="3000000000000000002")

    page = admin_client.get(
        reverse("admin:instagram_changeevent_changelist"), {"q": " 3000000000000000001 "}
    )

    html = page.content.decode()
    assert ">3000000000000000001<" in html
    assert ">3000000000000000002<" not in html


def test_the_page_of_a_profile_shows_when_it_was_missed(admin_client: Client) -> None:
    user = UserFactory.create(availability="deleted", first_missed_at=NOON, confirmed_at=NOON)

    page = admin_client.get(reverse("admin:instagram_user_change", args=[user.pk]))

    html = page.content.decode()
    assert "deleted: confirmed" in html
    assert html.count("March 1, 2025, noon") >= 2
