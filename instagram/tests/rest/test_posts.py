"""Posts over REST."""

from __future__ import annotations

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from instagram.models import Post
from instagram.tests.rest.test_users import DETAIL_KEYS, LIST_KEYS
from tests.support.factories import (
    AssetFactory,
    MetricFactory,
    PostFactory,
    PostMediaFactory,
    StoredAssetFactory,
    StoredFileFactory,
    UserFactory,
    VideoFileFactory,
)

UNKNOWN_UUID = "5f0e6a52-6f5f-4f0e-9c55-0a3c2f3d8b11"
POST_KEYS = {
    "id", "variant", "thumbnail_url", "thumbnail", "blur_data_url", "width", "height", "caption",
    "media_count", "is_flagged", "availability", "post_created_at", "created_at", "updated_at",
    "media", "user", "unknown", "truncated", "doubtful",
}  # fmt: skip
TIMES = {"last_seen_at", "first_missed_at", "confirmed_at"}
MEDIA_KEYS = {
    "id", "thumbnail_url", "blur_data_url", "media_url", "thumbnail", "media", "width", "height",
    "created_at", "updated_at",
}  # fmt: skip


def test_a_list_item_has_the_keys_of_the_contract(api: APIClient) -> None:
    PostFactory.create()

    (post,) = api.get("/instagram/posts/").json()["results"]

    assert set(post) == POST_KEYS
    assert set(post["media"][0]) == MEDIA_KEYS
    assert set(post["user"]) == LIST_KEYS


def test_a_detail_shows_the_owner_in_full(api: APIClient) -> None:
    post = PostFactory.create()

    body = api.get(f"/instagram/posts/{post.id}/").json()

    assert set(body) == POST_KEYS | TIMES | {"views"}
    assert set(body["user"]) == DETAIL_KEYS


def test_a_single_post_has_one_medium_under_its_own_id(api: APIClient) -> None:
    post = PostFactory.create()

    body = api.get(f"/instagram/posts/{post.id}/").json()

    assert [medium["id"] for medium in body["media"]] == [post.id]
    assert body["media_count"] == 1


def test_a_carousel_keeps_its_order_and_looks_like_its_first_medium(api: APIClient) -> None:
    post = PostFactory.create(media=0)
    for position in (2, 0, 1):
        PostMediaFactory.create(post=post, instagram_id=f"child{position}", position=position)

    body = api.get(f"/instagram/posts/{post.id}/").json()

    assert [medium["id"] for medium in body["media"]] == ["child0", "child1", "child2"]
    assert body["thumbnail"] == body["media"][0]["thumbnail"]


def test_a_child_that_left_the_carousel_is_not_shown(api: APIClient) -> None:
    post = PostFactory.create()
    PostMediaFactory.create(post=post, position=1, removed_at=timezone.now())

    assert api.get(f"/instagram/posts/{post.id}/").json()["media_count"] == 1


def test_an_image_is_its_own_thumbnail(api: APIClient) -> None:
    post = PostFactory.create(media=0)
    file = StoredFileFactory.create(blur="Qk1Q")
    PostMediaFactory.create(post=post, image=StoredAssetFactory.create(file=file))

    (medium,) = api.get(f"/instagram/posts/{post.id}/").json()["media"]

    assert medium["media"] == medium["thumbnail"] == f"http://testserver/media/{file.name}"
    assert medium["blur_data_url"] == "Qk1Q"


def test_the_cover_of_a_video_is_its_thumbnail(api: APIClient) -> None:
    post = PostFactory.create(media=0)
    cover, video = StoredFileFactory.create(), VideoFileFactory.create()
    PostMediaFactory.create(
        post=post,
        image=StoredAssetFactory.create(file=cover),
        video=StoredAssetFactory.create(file=video),
    )

    (medium,) = api.get(f"/instagram/posts/{post.id}/").json()["media"]

    assert medium["thumbnail"].endswith(cover.name)
    assert medium["media"].endswith(f"{video.sha256}.mp4")


def test_a_video_without_a_cover_shows_a_frame_of_it(api: APIClient) -> None:
    post = PostFactory.create(media=0)
    frame = StoredFileFactory.create()
    video = VideoFileFactory.create(poster=frame)
    PostMediaFactory.create(post=post, image=None, video=StoredAssetFactory.create(file=video))

    (medium,) = api.get(f"/instagram/posts/{post.id}/").json()["media"]

    assert medium["thumbnail"].endswith(f"{frame.sha256}.jpg")


def test_a_video_that_is_not_stored_yet_is_null_and_not_its_cover(api: APIClient) -> None:
    post = PostFactory.create(media=0)
    PostMediaFactory.create(post=post, video=AssetFactory.create(role="video"))

    (medium,) = api.get(f"/instagram/posts/{post.id}/").json()["media"]

    assert medium["media"] is None
    assert medium["thumbnail"] is not None


def test_a_post_without_media_has_no_looks(api: APIClient) -> None:
    post = PostFactory.create(media=0)

    body = api.get(f"/instagram/posts/{post.id}/").json()

    assert (body["media"], body["media_count"], body["thumbnail"]) == ([], 0, None)
    assert (body["thumbnail_url"], body["blur_data_url"], body["width"]) == ("", "", None)


def test_the_size_is_that_of_the_file_if_the_answer_has_none(api: APIClient) -> None:
    post = PostFactory.create(media=0)
    file = StoredFileFactory.create(width=640, height=480)
    image = StoredAssetFactory.create(file=file)
    PostMediaFactory.create(post=post, image=image, width=None, height=None)

    body = api.get(f"/instagram/posts/{post.id}/").json()

    assert (body["width"], body["height"]) == (640, 480)


def test_an_unknown_caption_is_blank_and_named(api: APIClient) -> None:
    unknown, empty = PostFactory.create(caption=None), PostFactory.create(caption="")

    bodies = [api.get(f"/instagram/posts/{post.id}/").json() for post in (unknown, empty)]

    assert [body["caption"] for body in bodies] == ["", ""]
    assert [body["unknown"] for body in bodies] == [["caption"], []]


def test_the_list_takes_four_queries_however_long_it_is(
    api: APIClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(20):
        post = PostFactory.create(media=3)
        MetricFactory.create(user=post.user)
        video = StoredAssetFactory.create(file=VideoFileFactory.create())
        PostMediaFactory.create(post=post, position=3, image=None, video=video, width=None)

    with django_assert_num_queries(4):  # who may read, posts, media, owners
        body = api.get("/instagram/posts/").json()

    assert len(body["results"]) == 20


def test_a_detail_takes_four_queries(
    api: APIClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    post = PostFactory.create(media=10)

    with django_assert_num_queries(4):
        api.get(f"/instagram/posts/{post.id}/")


def test_the_newest_post_comes_first(api: APIClient) -> None:
    posts = [PostFactory.create() for _ in range(3)]

    results = api.get("/instagram/posts/").json()["results"]

    assert [item["id"] for item in results] == [post.id for post in reversed(posts)]


def test_the_order_can_be_chosen(api: APIClient) -> None:
    posts = [PostFactory.create() for _ in range(3)]

    results = api.get("/instagram/posts/?ordering=post_created_at").json()["results"]

    assert [item["id"] for item in results] == [post.id for post in posts]


def test_posts_of_one_profile(api: APIClient) -> None:
    post, _ = PostFactory.create(), PostFactory.create()

    results = api.get("/instagram/posts/", {"user": str(post.user.uuid)}).json()["results"]

    assert [item["id"] for item in results] == [post.id]


@pytest.mark.parametrize("user", [UNKNOWN_UUID, "ada", "\0", "é"])
def test_an_unknown_or_malformed_profile_is_refused(api: APIClient, user: str) -> None:
    response = api.get("/instagram/posts/", {"user": user})

    assert (response.status_code, list(response.json())) == (400, ["user"])


def test_posts_of_one_variant(api: APIClient) -> None:
    video = PostFactory.create(variant=Post.Variant.VIDEO)
    PostFactory.create()

    results = api.get("/instagram/posts/", {"variant": "video"}).json()["results"]

    assert [item["id"] for item in results] == [video.id]


@pytest.mark.parametrize("variant", ["reel", "\0", "VIDEO"])
def test_an_unknown_variant_is_refused(api: APIClient, variant: str) -> None:
    response = api.get("/instagram/posts/", {"variant": variant})

    assert (response.status_code, list(response.json())) == (400, ["variant"])


@pytest.mark.parametrize("query", ["sunset", "ada", "sunset ada", "SUNSÉT lovel engines", "su"])
def test_words_are_found_in_the_caption_or_in_the_owner(api: APIClient, query: str) -> None:
    post = PostFactory.create(caption="A sunset")
    PostFactory.create(
        caption="Rain", user=UserFactory.create(username="zoo", full_name="", biography="")
    )

    results = api.get("/instagram/posts/", {"search": query}).json()["results"]

    assert [item["id"] for item in results] == [post.id]


def test_a_search_by_text_finds_the_posts_with_its_words(api: APIClient) -> None:
    older, newer = PostFactory.create(caption="A sunset"), PostFactory.create(caption="Sunset, too")
    PostFactory.create(caption="Rain")

    results = api.get("/instagram/posts/ai-search/", {"text": "sunset"}).json()["results"]

    assert [item["id"] for item in results] == [newer.id, older.id]


def test_a_search_by_text_is_paged(api: APIClient) -> None:
    older, newer = PostFactory.create(caption="A sunset"), PostFactory.create(caption="Sunset, too")

    first = api.get("/instagram/posts/ai-search/?text=sunset&page_size=1").json()
    second = api.get(first["next"]).json()

    pages = [first["results"], second["results"]]
    assert [[item["id"] for item in page] for page in pages] == [[newer.id], [older.id]]


@pytest.mark.parametrize("query", ["sunset bob", "unset_", "100%", "x\0y"])
def test_every_word_must_be_found(api: APIClient, query: str) -> None:
    PostFactory.create(caption="A sunset")

    assert api.get("/instagram/posts/", {"search": query}).json()["results"] == []


def test_each_word_may_be_in_the_caption_or_be_one_of_the_owner(api: APIClient) -> None:
    post = PostFactory.create(caption="A sunset")
    PostFactory.create(caption="A sunset", user=UserFactory.create(full_name="Grace"))
    PostFactory.create(caption="A morning")

    results = api.get("/instagram/posts/", {"search": "ada sunset"}).json()["results"]

    assert [item["id"] for item in results] == [post.id]


@pytest.mark.parametrize("words", ["ada caption", "ada caption engines love not"])
def test_a_search_takes_as_many_queries_as_a_list(
    api: APIClient, django_assert_num_queries: DjangoAssertNumQueries, words: str
) -> None:
    PostFactory.create_batch(3)

    with django_assert_num_queries(4):
        api.get("/instagram/posts/", {"search": words, "page_size": "2"})


@pytest.mark.parametrize("name", ["1", "unknown", "é", "1" * 500])
def test_nothing_is_similar_to_an_unknown_post(api: APIClient, name: str) -> None:
    response = api.get(f"/instagram/posts/{name}/similar/")

    assert response.status_code == 200
    assert response.json() == {"count": 0, "next": None, "previous": None, "results": []}


def test_a_page_of_similar_posts_that_is_not_there_is_a_404(api: APIClient) -> None:
    response = api.get("/instagram/posts/1/similar/?page=2")

    assert (response.status_code, list(response.json())) == (404, ["detail"])


@pytest.mark.parametrize("name", ["1", "a b", "%00", "%F0%9F%92%A9", "..", "9" * 400, "%2e%2e%5c"])
def test_an_unknown_post_is_a_json_404(api: APIClient, name: str) -> None:
    response = api.get(f"/instagram/posts/{name}/")

    assert response.status_code == 404
    assert list(response.json()) == ["detail"]
