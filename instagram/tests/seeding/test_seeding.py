"""The seeded data set has the shape of a real archive."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db.models import Count, F

from core.db.search import matching, query_words
from instagram.models import ArchiveRun, Post, PostMedia, Story, User
from instagram.seeding import AlreadySeeded, SeedSize, seed
from instagram.seeding.rows import post_number, shortcode
from storage import store
from storage.models import Asset, StoredFile

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.usefixtures("media_folder")]

SMALL = SeedSize(profiles=4, posts=60, stories=12, seed=7)


def ignore(_done: int) -> None:
    """Show nothing."""


def test_it_makes_as_much_as_was_asked() -> None:
    seeded = seed(SMALL, advance=ignore)

    assert (User.objects.count(), Post.objects.count(), Story.objects.count()) == (4, 60, 12)
    assert (seeded.profiles, seeded.posts, seeded.stories) == (4, 60, 12)
    assert (seeded.media, seeded.assets) == (PostMedia.objects.count(), Asset.objects.count())


def test_the_same_seed_makes_the_same_archive() -> None:
    seed(SMALL, advance=ignore)
    first = list(Post.objects.order_by("pk").values_list("pk", "caption", "user", "created_at"))
    User.objects.all().delete()
    Asset.objects.all().delete()

    seed(SMALL, advance=ignore)

    again = list(Post.objects.order_by("pk").values_list("pk", "caption", "user", "created_at"))
    assert first == again


def test_a_seed_is_refused_if_it_is_stored_already() -> None:
    seed(SMALL, advance=ignore)

    with pytest.raises(AlreadySeeded):
        seed(SMALL, advance=ignore)


def test_another_seed_adds_to_the_first() -> None:
    seed(SMALL, advance=ignore)

    seed(SeedSize(profiles=4, posts=60, stories=12, seed=8), advance=ignore)

    assert (User.objects.count(), Post.objects.count()) == (8, 120)


def test_progress_adds_up_to_the_total() -> None:
    steps: list[int] = []

    seed(SMALL, advance=steps.append)

    assert sum(steps) == SMALL.total


def test_a_single_medium_has_the_id_of_its_post() -> None:
    seed(SMALL, advance=ignore)

    single = Post.objects.exclude(variant=Post.Variant.CAROUSEL)
    named_otherwise = PostMedia.objects.filter(post__in=single).exclude(instagram_id=F("post_id"))
    assert single.exists()
    assert not named_otherwise.exists()


def test_a_carousel_has_two_to_six_media_in_order() -> None:
    seed(SMALL, advance=ignore)

    carousels = Post.objects.filter(variant=Post.Variant.CAROUSEL)
    sizes = set(carousels.annotate(size=Count("media")).values_list("size", flat=True))
    positions = list(carousels[0].media.values_list("position", flat=True))
    assert sizes <= {2, 3, 4, 5, 6}
    assert positions == list(range(len(positions)))


def test_every_file_lies_in_the_store_and_is_enriched() -> None:
    seed(SMALL, advance=ignore)

    files = StoredFile.objects.filter(assets__isnull=False).distinct()
    assert all(store.default().exists(file.name) for file in files)
    assert not files.filter(blur="").exists()


def test_nothing_is_left_to_download() -> None:
    seed(SMALL, advance=ignore)

    assert not Asset.objects.exclude(state=Asset.State.STORED).exists()


def test_posts_are_found_by_their_caption() -> None:
    seed(SMALL, advance=ignore)
    post = Post.objects.exclude(caption=None).exclude(caption="")[0]

    found = Post.objects.filter(matching(query_words(str(post.caption))))

    assert post in found


def test_every_post_has_one_history_row() -> None:
    seed(SMALL, advance=ignore)

    kinds = Post.history.values_list("history_type", flat=True)
    assert list(kinds) == ["+"] * 60


def test_every_profile_has_a_finished_run() -> None:
    seed(SMALL, advance=ignore)

    runs = ArchiveRun.objects.filter(state=ArchiveRun.State.SUCCEEDED)
    assert runs.values("user").distinct().count() == 4


def test_models_saved_later_get_keys_of_their_own() -> None:
    seed(SMALL, advance=ignore)
    post = Post.objects.all()[0]

    medium = PostMedia.objects.create(post=post, instagram_id="1", position=9)

    assert PostMedia.objects.filter(pk=medium.pk).count() == 1


def test_an_id_and_its_shortcode_are_those_of_instagram() -> None:
    assert shortcode(1_000_000_000_000_000_000) == "3gtrOnZAAA"


def test_ids_of_two_seeds_differ() -> None:
    moment = datetime(2020, 1, 1, tzinfo=UTC)

    assert post_number(moment, 1, 0) != post_number(moment, 2, 0)
