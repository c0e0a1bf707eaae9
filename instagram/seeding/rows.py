"""Generates the rows of profiles, posts and stories from a seed, without writing them."""

from __future__ import annotations

import random
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db.models import Model

from core.db.copying import Row
from core.db.search import document, document_grams
from instagram.models import (
    ArchiveRun,
    Availability,
    Post,
    PostMedia,
    ProfileMetric,
    RunStream,
    Story,
    StreamPoll,
    User,
    UsernamePeriod,
)
from instagram.seeding import texts
from instagram.seeding.samples import Samples
from storage.models import Asset, StoredFile

BEGIN = datetime(2016, 1, 1, tzinfo=UTC)
END = datetime(2025, 12, 31, tzinfo=UTC)
INSTAGRAM_EPOCH = datetime(2011, 8, 24, 21, 7, 1, 721000, tzinfo=UTC)
NAMESPACE = uuid.UUID("5eed0000-0000-4000-8000-000000000000")
SECONDS = 10 * 365 * 86400
"""The time in which profiles were added."""
SHORTCODE_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
COAUTHORED = 0.02
METRIC_DAYS = 7

Rows = defaultdict[type[Model], list[Row]]


@dataclass(frozen=True, slots=True)
class SeedProfile:
    """The parts of a profile that its posts and stories need."""

    uuid: uuid.UUID
    instagram_id: str
    username: str


@dataclass(slots=True)
class Generator:
    """Generates rows. Values come from `choose`, keys of assets from the database."""

    seed: int
    choose: random.Random
    samples: Samples
    asset_keys: Iterator[int]
    rows: Rows = field(default_factory=lambda: defaultdict(list))

    def profile(self, index: int, count: int) -> SeedProfile:
        """A profile with its name, picture, a week of counts and a finished run.

        It was added after the profiles before it, as the rows of an archive are, and before the
        rest of the `count`.
        """
        instagram_id = str(profile_number(self.seed, index))
        name = texts.full_name(self.choose)
        username = f"{name.lower().replace(' ', '_')}.{self.seed}n{index}"
        profile = SeedProfile(uuid.uuid5(NAMESPACE, instagram_id), instagram_id, username)
        moment = self.choose.randrange(SECONDS)
        added_at = BEGIN + timedelta(seconds=(index * SECONDS + moment) // count)
        self._user(profile, name, added_at)
        self._metrics(profile)
        self._run(profile)
        self.rows[UsernamePeriod].append(
            {"user_id": profile.uuid, "username": username, "started_at": added_at}
        )
        return profile

    def post(self, number: int, taken_at: datetime, owner: SeedProfile, other: SeedProfile) -> None:
        """A post with its media. A few are shared with `other`."""
        key = post_number(taken_at, self.seed, number)
        variant = self.choose.choices(Post.Variant.values, (45, 30, 25))[0]
        row = self._post_row(key, variant, taken_at, owner)
        self.rows[Post].append(row)
        self.rows[Post.history.model].append(_history(row))
        self._media(key, variant, row["created_at"])
        if self.choose.random() < COAUTHORED and other != owner:
            self.rows[Post.coauthors.through].append({"post_id": str(key), "user_id": other.uuid})

    def story(self, number: int, taken_at: datetime, owner: SeedProfile) -> None:
        """A story. Three of four are pictures."""
        key = str(post_number(taken_at, self.seed, number))
        files = self._files("story", key, is_video=self.choose.random() < 0.25, at=taken_at)
        seen_at = taken_at + timedelta(minutes=self.choose.randrange(5, 600))
        self.rows[Story].append(
            {
                "story_id": key,
                "user_id": owner.uuid,
                "story_created_at": taken_at,
                "expires_at": taken_at + timedelta(days=1),
                "created_at": seen_at,
                "updated_at": seen_at,
                **_live(seen_at),
                **files,
            }
        )

    def _user(self, profile: SeedProfile, name: str, added_at: datetime) -> None:
        choose = self.choose
        biography = texts.biography(choose)
        searchable = document(profile.username, name, biography)
        picture = self._asset("user", profile.instagram_id, Asset.Role.PICTURE, added_at)
        row: Row = {
            "uuid": profile.uuid,
            "instagram_id": profile.instagram_id,
            "username": profile.username,
            "full_name": name,
            "biography": biography,
            "is_private": choose.random() < 0.05,
            "is_verified": choose.random() < 0.1,
            "external_url": f"https://{profile.username.split('.')[0]}.example/",
            "follower_count": int(choose.lognormvariate(8, 2)),
            "following_count": choose.randrange(2000),
            "media_count": choose.randrange(3000),
            "picture_id": picture,
            "created_at": added_at,
            "updated_at": added_at,
            "api_updated_at": added_at,
            **_live(added_at),
            "search_text": searchable,
            "search_grams": document_grams(searchable),
        }
        self.rows[User].append(row)
        self.rows[User.history.model].append(_history(row))

    def _metrics(self, profile: SeedProfile) -> None:
        followers = int(self.choose.lognormvariate(8, 2))
        for day in range(METRIC_DAYS):
            followers += self.choose.randrange(50)
            self.rows[ProfileMetric].append(
                {
                    "user_id": profile.uuid,
                    "day": (END - timedelta(days=METRIC_DAYS - day)).date(),
                    "follower_count": followers,
                    "following_count": self.choose.randrange(2000),
                    "media_count": self.choose.randrange(3000),
                }
            )

    def _run(self, profile: SeedProfile) -> None:
        key = uuid.uuid5(NAMESPACE, f"run {profile.instagram_id}")
        started = END + timedelta(seconds=self.choose.randrange(86400))
        finished = started + timedelta(seconds=self.choose.randrange(5, 120))
        self.rows[ArchiveRun].append(
            {
                "id": key,
                "user_id": profile.uuid,
                "state": ArchiveRun.State.SUCCEEDED,
                "next_attempt_at": started,
                "calls": self.choose.randrange(3, 40),
                "created_at": started,
                "started_at": started,
                "finished_at": finished,
            }
        )
        for position, name in enumerate(RunStream.Name.values):
            self.rows[RunStream].append(
                {
                    "run_id": key,
                    "name": name,
                    "position": position,
                    "state": RunStream.State.SUCCEEDED,
                    "pages": 1,
                    "finished_at": finished,
                }
            )
            self.rows[StreamPoll].append(
                {"user_id": profile.uuid, "stream": name, "polled_at": finished}
            )

    def _post_row(self, key: int, variant: str, taken_at: datetime, owner: SeedProfile) -> Row:
        choose = self.choose
        caption = texts.caption(choose)
        searchable = document(caption)
        seen_at = taken_at + timedelta(minutes=choose.randrange(60, 30 * 24 * 60))
        likes = int(choose.lognormvariate(6, 1.6))
        return {
            "id": str(key),
            "user_id": owner.uuid,
            "shortcode": shortcode(key),
            "variant": variant,
            "caption": caption,
            "location": texts.location(choose),
            "like_count": likes,
            "comment_count": likes // choose.randrange(10, 60),
            "play_count": likes * choose.randrange(4, 20) if variant == "video" else None,
            "post_created_at": taken_at,
            "in_grid": True,
            "in_reels": variant == Post.Variant.VIDEO,
            "created_at": seen_at,
            "updated_at": seen_at,
            "api_updated_at": seen_at,
            **_live(seen_at),
            "search_text": searchable,
            "search_grams": document_grams(searchable),
        }

    def _media(self, post: int, variant: str, at: datetime) -> None:
        """One medium with the post's own key, or a carousel of two to six with separate keys."""
        if variant == Post.Variant.CAROUSEL:
            keys = [post + 1 + position for position in range(self.choose.randrange(2, 7))]
            videos = [self.choose.random() < 0.15 for _ in keys]
        else:
            keys, videos = [post], [variant == Post.Variant.VIDEO]
        for position, (key, is_video) in enumerate(zip(keys, videos, strict=True)):
            files = self._files("post", str(post), is_video=is_video, at=at, part=position)
            self.rows[PostMedia].append(
                {
                    "post_id": str(post),
                    "instagram_id": str(key),
                    "position": position,
                    "created_at": at,
                    "updated_at": at,
                    **files,
                }
            )

    def _files(
        self, kind: str, owner: str, *, is_video: bool, at: datetime, part: int = 0
    ) -> dict[str, object]:
        """The columns of a medium that describe its files."""
        role = Asset.Role.COVER if is_video else Asset.Role.IMAGE
        image = self._asset(kind, owner, role, at, part=part)
        video = self._asset(kind, owner, Asset.Role.VIDEO, at, part=part) if is_video else None
        shown = self.samples.clips[0] if is_video else self._shown(image)
        return {
            "thumbnail_url": self._url(kind, owner, part),
            "media_url": self._url(kind, owner, part),
            "width": shown.width,
            "height": shown.height,
            "duration": shown.duration,
            "image_id": image,
            "video_id": video,
        }

    def _asset(self, kind: str, owner: str, role: str, at: datetime, *, part: int = 0) -> int:
        key = next(self.asset_keys)
        file = self.samples.clips[0] if role == Asset.Role.VIDEO else self._shown(key)
        self.rows[Asset].append(
            {
                "id": key,
                "owner_kind": kind,
                "owner_id": owner,
                "role": role,
                "source_name": f"{owner}_{part}_n.{file.extension}",
                "url": self._url(kind, owner, part),
                "state": Asset.State.STORED,
                "next_attempt_at": at,
                "file_id": file.pk,
                "stored_at": at,
                "created_at": at,
                "updated_at": at,
            }
        )
        return key

    def _shown(self, key: int) -> StoredFile:
        return self.samples.pictures[key % len(self.samples.pictures)]

    def _url(self, kind: str, owner: str, part: int) -> str:
        return f"https://cdn.example/{kind}/{owner}_{part}_n"


def profile_number(seed: int, index: int) -> int:
    """The Instagram id of a seeded profile, unique across seeds."""
    return 60_000_000_000 + seed * 1_000_000 + index


def post_number(taken_at: datetime, seed: int, number: int) -> int:
    """An id in Instagram's format, milliseconds above 23 bits, unique across seeds."""
    milliseconds = (taken_at - INSTAGRAM_EPOCH) // timedelta(milliseconds=1)
    return (milliseconds // 10_000 * 10_000 + seed) << 23 | number


def shortcode(number: int) -> str:
    """The id in Instagram's base 64, as in the URL of a post."""
    letters = ""
    while number:
        number, letter = divmod(number, 64)
        letters = SHORTCODE_LETTERS[letter] + letters
    return letters


def _live(seen_at: datetime) -> Row:
    return {"availability": Availability.LIVE, "last_seen_at": seen_at}


def _history(row: Row) -> Row:
    left_out = {"search_text", "search_grams", "in_grid", "in_reels"}
    first = {name: value for name, value in row.items() if name not in left_out}
    return {**first, "history_date": row["created_at"], "history_type": "+"}
