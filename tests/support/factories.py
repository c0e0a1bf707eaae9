"""Factories of valid rows with as few values as possible."""

# factory-boy annotates its types, but not the calls that declare a field:
# mypy: disable-error-code="no-untyped-call, untyped-decorator"

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from factory.declarations import SelfAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory
from factory.helpers import post_generation

from instagram.models import (
    ArchiveRun,
    ChangeEvent,
    Highlight,
    HighlightItem,
    Post,
    PostMedia,
    ProfileMetric,
    RunStream,
    Story,
    StreamPoll,
    User,
)
from storage.models import Asset, StoredFile

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


class StoredFileFactory(DjangoModelFactory[StoredFile]):
    """A stored picture."""

    class Meta:
        model = StoredFile

    sha256 = Sequence(lambda number: hashlib.sha256(b"%d" % number).hexdigest())
    size = 1000
    media_type = "image/jpeg"
    extension = "jpg"
    width = 1080
    height = 1350
    blur = "AAAA"


class VideoFileFactory(StoredFileFactory):
    """A stored video with its poster."""

    media_type = "video/mp4"
    extension = "mp4"
    blur = ""
    poster = SubFactory(StoredFileFactory)


class AssetFactory(DjangoModelFactory[Asset]):
    """A wanted file."""

    class Meta:
        model = Asset

    owner_kind = "post"
    owner_id = "1"
    role = Asset.Role.IMAGE
    source_name = Sequence("picture{}.jpg".format)
    url = "https://cdn.example.org/picture.jpg?signed"


class StoredAssetFactory(AssetFactory):
    """An asset with its stored file."""

    state = Asset.State.STORED
    file = SubFactory(StoredFileFactory)


class UserFactory(DjangoModelFactory[User]):
    """A profile without unknown fields."""

    class Meta:
        model = User

    instagram_id = Sequence(lambda number: str(9_007_199_254_740_993 + number))
    username = Sequence("profile{}".format)
    full_name = "Ada Lovelace"
    biography = "Notes on engines"
    is_private = False
    is_verified = True
    media_count = 12
    follower_count = 34
    following_count = 56


class MetricFactory(DjangoModelFactory[ProfileMetric]):
    """The counts of a profile on a day."""

    class Meta:
        model = ProfileMetric

    user = SubFactory(UserFactory)
    day = NOON.date()


class PostFactory(DjangoModelFactory[Post]):
    """A post with one stored image under the post's own id."""

    class Meta:
        model = Post
        skip_postgeneration_save = True

    id = Sequence(lambda number: str(3_000_000_000_000_000_000 + number))
    user = SubFactory(UserFactory)
    variant = Post.Variant.NORMAL
    caption = "A caption"
    post_created_at = Sequence(lambda number: NOON + timedelta(minutes=number))

    @post_generation
    def media(self: Any, create: bool, count: int | None, **_: Any) -> None:  # noqa: FBT001  its API
        """`media=3` makes a carousel of three."""
        if not create:
            return
        for position in range(1 if count is None else count):
            name = self.id if count in {None, 1} else f"{self.id}{position}"
            PostMediaFactory(post=self, instagram_id=name, position=position)


class PostMediaFactory(DjangoModelFactory[PostMedia]):
    """An image of a post, stored."""

    class Meta:
        model = PostMedia

    post = SubFactory(PostFactory, media=0)
    instagram_id = Sequence(str)
    position = 0
    thumbnail_url = "https://cdn.example.org/thumbnail.jpg"
    media_url = "https://cdn.example.org/media.jpg"
    width = 1080
    height = 1350
    image = SubFactory(StoredAssetFactory)


class StoryFactory(DjangoModelFactory[Story]):
    """A story with a stored image."""

    class Meta:
        model = Story

    story_id = Sequence(lambda number: str(3_500_000_000_000_000_000 + number))
    user = SubFactory(UserFactory)
    story_created_at = NOON
    expires_at = NOON + timedelta(days=1)
    image = SubFactory(StoredAssetFactory)


class RunFactory(DjangoModelFactory[ArchiveRun]):
    """A queued run."""

    class Meta:
        model = ArchiveRun

    user = SubFactory(UserFactory)


class StreamFactory(DjangoModelFactory[RunStream]):
    """The profile stream of a run."""

    class Meta:
        model = RunStream

    run = SubFactory(RunFactory)
    name = RunStream.Name.PROFILE
    position = 0


class PollFactory(DjangoModelFactory[StreamPoll]):
    """The poll of a profile at noon."""

    class Meta:
        model = StreamPoll

    user = SubFactory(UserFactory)
    stream = RunStream.Name.PROFILE
    polled_at = NOON


class HighlightFactory(DjangoModelFactory[Highlight]):
    """A highlight with a stored cover, and no story yet."""

    class Meta:
        model = Highlight

    id = Sequence(lambda number: str(17_900_000_000_000_000 + number))
    user = SubFactory(UserFactory)
    title = "Journeys"
    availability = "live"
    position = Sequence(int)
    cover = SubFactory(StoredAssetFactory)


class HighlightItemFactory(DjangoModelFactory[HighlightItem]):
    """A story in a highlight of the same profile."""

    class Meta:
        model = HighlightItem

    highlight = SubFactory(HighlightFactory)
    story = SubFactory(StoryFactory, user=SelfAttribute("..highlight.user"))
    position = Sequence(int)


class ChangeFactory(DjangoModelFactory[ChangeEvent]):
    """A new caption."""

    class Meta:
        model = ChangeEvent

    kind = ChangeEvent.Kind.POST
    object_id = "1"
    user = SubFactory(UserFactory)
    event = ChangeEvent.Event.CHANGED
    fields: ClassVar = {"caption": {"old": "Before", "new": "After"}}
    seen_at = NOON
