"""Stories that a trusted program hands in, instead of the Core API.

They are stored like those of an answer: the same rows, the same change feed, and the same download
queue, whose guard refuses addresses that are not public.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from core.db.retrying import retry_on_conflict
from core.http import addresses
from core.tasks import send_on_commit
from instagram import adding
from instagram.archiving import observers, persist
from instagram.archiving.parse import values
from instagram.archiving.records import MediaRecord, StoryRecord
from instagram.models import RunStream, Story, User

LIFETIME = timedelta(hours=24)
FIRST_STORIES = datetime(2016, 8, 2, tzinfo=UTC)
"""Instagram has had stories since that day."""
CLOCK_TOLERANCE = timedelta(hours=1)
VIDEO_SUFFIXES = (".mp4", ".mov", ".webm", ".m4v")
PORTS = {"http": 80, "https": 443}


class WrongUrl(ValueError):
    """No file can be downloaded from the address. The message says why."""


class StoryOfAnother(ValueError):
    """The story is stored as one of another profile."""


class WrongMoment(ValueError):
    """No story can have been published then. The message says why."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """The stored story, and what is new."""

    story: Story
    user_created: bool
    story_created: bool


def checked_url(text: str) -> str:
    """The address of a file. Raises WrongUrl.

    A host name is resolved and checked when the file is downloaded, at the moment of connecting.
    """
    url = values.url(text)
    if url is None:
        raise WrongUrl("Enter an absolute http or https address.")
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _check_literal(host, parts.port or PORTS[parts.scheme.lower()])
    except (ValueError, KeyError, addresses.NotPublic) as error:
        raise WrongUrl("This address is not on the public internet.") from error
    return url


def _check_literal(host: str, port: int) -> None:
    try:
        literal = str(ip_address(host))
    except ValueError:
        return
    addresses.check(host, port, [literal], settings.MEDIA_TRUSTED_HOSTS)


def checked_moment(moment: datetime) -> datetime:
    """When a story was published. Raises WrongMoment."""
    if moment < FIRST_STORIES:
        raise WrongMoment("Instagram had no stories then.")
    if moment > timezone.now() + CLOCK_TOLERANCE:
        raise WrongMoment("This is in the future.")
    return moment


def is_video(url: str) -> bool:
    """Whether the path of the address ends like that of a video."""
    return PurePosixPath(urlsplit(url).path).suffix.lower() in VIDEO_SUFFIXES


def record_of(
    *, story_id: str, thumbnail: str, media: str, created_datetime: datetime
) -> StoryRecord:
    """The story as an answer would have shown it."""
    shows_video = is_video(media)
    medium = MediaRecord(
        instagram_id=story_id,
        image_url=thumbnail if shows_video else media,
        video_url=media if shows_video else None,
        width=None,
        height=None,
        is_video=shows_video,
    )
    raw = {"handed_in": {"taken_at": created_datetime.isoformat(), "urls": [thumbnail, media]}}
    expires_at = created_datetime + LIFETIME
    return StoryRecord(story_id, None, created_datetime, expires_at, medium, raw)


@retry_on_conflict
@transaction.atomic
def story(username: str, record: StoryRecord) -> Ingested:
    """Store a story, and its profile if the archive does not know the name. Starts no run.

    Raises NameOfErased, or StoryOfAnother.
    """
    user, user_created = _profile(username)
    outcome = persist.stories(user, [record], now=timezone.now())
    if outcome.rejected:
        raise StoryOfAnother("This story is stored as one of another profile.")
    observers.notify(user, RunStream.Name.STORIES)
    if outcome.wanted:
        send_on_commit("instagram.download_assets")
    return Ingested(Story.objects.get(pk=record.instagram_id), user_created, bool(outcome.new))


def _profile(username: str) -> tuple[User, bool]:
    # The lock waits for a merge of this row into another profile, which would take its stories.
    locked = User.objects.select_for_update(no_key=True, of=("self",))
    user = locked.named(username).first()
    if user is None or user.instagram_id is None:
        adding.refuse_erased(username)
    if user is not None:
        return user, False
    made, created = adding.make_profiles([username])[username]
    return locked.get(pk=made.pk), created
