"""The identity of a file, computed by Python and by PostgreSQL."""

from __future__ import annotations

import pytest
from django.db import IntegrityError
from hypothesis import given
from hypothesis import strategies as st

from storage.models import Asset
from storage.source_names import identity

EXTENSIONS = ("jpg", "jpeg", "png", "webp", "heic", "avif")
extension = st.sampled_from([*EXTENSIONS, *(each.upper() for each in EXTENSIONS)])
base = st.from_regex(r"[a-z0-9_]{1,12}(\.[a-z0-9]{1,3}_n)?", fullmatch=True)


@pytest.mark.slow
@given(base, st.lists(extension, max_size=3), st.lists(extension, max_size=3))
def test_image_extensions_make_no_difference(name: str, one: list[str], other: list[str]) -> None:
    names = [".".join([name, *extensions]) for extensions in (one, other)]

    assert {identity(each, is_video=False) for each in names} == {name}


@pytest.mark.parametrize("name", ["a.jpg.mp4", "a.mp4", "a.jpg", "a_n", "a.b_n", "a.gif", ".jpg.x"])
def test_the_name_of_a_video_is_kept(name: str) -> None:
    assert identity(name, is_video=True) == name


@pytest.mark.parametrize("name", ["a.mp4", "a.gif", "a.jpg_n", "a.jpgx", "a.1080p", "jpg", "a."])
def test_other_dots_belong_to_the_name(name: str) -> None:
    assert identity(name, is_video=False) == name


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["image", "video"])
@pytest.mark.parametrize(
    "name", ["a_n.jpg", "a_n.WebP.jpg", "a.b_n", "a.mp4", "a.mp4.jpg", "x.heic"]
)
def test_the_database_keeps_the_same_rule(role: str, name: str) -> None:
    made = Asset.objects.create(
        owner_kind="post", owner_id="1", role=role, source_name=name, url="http://x/"
    )

    made.refresh_from_db()
    assert made.identity == identity(name, is_video=role == "video")


@pytest.mark.django_db
def test_the_database_refuses_the_same_picture_twice() -> None:
    def make(name: str) -> None:
        Asset.objects.create(
            owner_kind="post", owner_id="1", role="image", source_name=name, url="http://x/"
        )

    make("a_n.jpg")

    with pytest.raises(IntegrityError):
        make("a_n.webp")
