"""The traces of a profile: its rows, its files, and the calls about it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import CharField, Exists, Model, OuterRef, Q, QuerySet
from django.db.models.functions import Cast

from api_logs.models import ABANDONED_AFTER, APIRequestLog
from core.models import IdempotencyKey
from instagram import contributors
from instagram.models import (
    ChangeEvent,
    HighlightItem,
    LegalHold,
    Post,
    PostMedia,
    PostViews,
    RejectedItem,
    RunStream,
    StoryViews,
    StreamPage,
    User,
    UsernamePeriod,
)
from storage.models import Asset, FixityEvent, Quarantined, StoredFile

CoauthorLink = Post.coauthors.through


def rows(user: User) -> Iterator[tuple[str, QuerySet[Any]]]:
    """The rows by kind, in the order in which they can be deleted.

    Rows that are found through other rows come before those, and the rows of other apps first.
    """
    yield from contributors.rows(user)
    yield "calls", calls(user)
    yield "admin_log", _admin_log(user)
    yield "answers", _kept_answers(user)
    for assets in _assets(user):
        yield "quarantined", Quarantined.objects.filter(asset__in=assets.values("pk"))
        yield "assets", assets
    yield from _of_posts(user)
    yield from _of_stories(user)
    yield from _of_runs(user)
    yield "changes", ChangeEvent.objects.filter(user=user)
    yield "metrics", user.metrics.all()
    yield "names", user.username_periods.all()
    yield "polls", user.polls.all()
    yield "story_windows", user.story_windows.all()
    yield "holds", LegalHold.objects.filter(user=user)
    yield "history", User.history.filter(uuid=user.pk)
    yield "profiles", User.objects.filter(pk=user.pk)


def _admin_log(user: User) -> QuerySet[LogEntry]:
    """Admin log entries about the profile; they contain its name and id.

    An entry about a row that was merged into the profile matches by name only.
    """
    about = Q(_about(User), ~Q(object_id__in=_ids(User.objects)), object_repr__in=_names(user))
    things = (user.posts, user.stories, user.highlights, user.runs)
    for rows in (User.objects.filter(pk=user.pk), *things):
        about |= Q(_about(rows.model), object_id__in=_ids(rows))
    return LogEntry.objects.filter(about)


def _kept_answers(user: User) -> QuerySet[IdempotencyKey]:
    """Answers to requests that named the profile. They are kept for a day."""
    named = Q(body__contains=str(user.pk))
    for name in _names(user):
        named |= Q(body__contains=f'"{name}"')
    return IdempotencyKey.objects.filter(named)


def _about(model: type[Model]) -> Q:
    return Q(content_type=ContentType.objects.get_for_model(model))


def _ids(rows: Any) -> QuerySet[Any]:
    ids: QuerySet[Any] = rows.values(text=Cast("pk", CharField()))
    return ids


def _of_posts(user: User) -> Iterator[tuple[str, QuerySet[Any]]]:
    # Posts of others that name the profile as a coauthor are kept. Only the link is its trace.
    posts = user.posts.values("pk")
    yield "views", PostViews.objects.filter(post__in=posts)
    yield "media", PostMedia.objects.filter(post__in=posts)
    yield "history", Post.history.filter(id__in=posts)
    yield "coauthors", CoauthorLink.objects.filter(post__in=posts)
    yield "coauthors", CoauthorLink.objects.filter(user=user)
    yield "posts", user.posts.all()


def _of_stories(user: User) -> Iterator[tuple[str, QuerySet[Any]]]:
    highlights = user.highlights.values("pk")
    # Its stories may also be in the highlights of other profiles.
    elsewhere = HighlightItem.objects.exclude(highlight__in=highlights)
    yield "highlight_places", HighlightItem.objects.filter(highlight__in=highlights)
    yield "highlight_places", elsewhere.filter(story__in=user.stories.values("pk"))
    yield "highlights", user.highlights.all()
    yield "views", StoryViews.objects.filter(story__in=user.stories.values("pk"))
    yield "stories", user.stories.all()


def _of_runs(user: User) -> Iterator[tuple[str, QuerySet[Any]]]:
    streams = RunStream.objects.filter(run__user=user).values("pk")
    yield "unreadable_items", RejectedItem.objects.filter(stream__in=streams)
    yield "pages", StreamPage.objects.filter(stream__in=streams)
    yield "streams", RunStream.objects.filter(run__in=user.runs.values("pk"))
    yield "runs", user.runs.all()


def files(user: User) -> dict[str, int]:
    """The sizes in bytes, by SHA-256, of all files that the profile has or had.

    Includes video posters, files that were removed as unreadable, damaged or lost, and the files
    of other apps that belong to the profile.
    """
    found: dict[str, int] = {}
    for assets in _assets(user):
        stored = StoredFile.objects.filter(assets__in=assets)
        found.update(stored.values_list("sha256", "size"))
        posters = stored.exclude(poster=None)
        found.update(posters.values_list("poster__sha256", "poster__size"))
        rejected = Quarantined.objects.filter(asset__in=assets).values("expected_sha256")
        taken_back = StoredFile.objects.filter(sha256__in=rejected)
        found.update(taken_back.values_list("sha256", "size"))
    return found | _lost(user) | contributors.files(user)


def _lost(user: User) -> dict[str, int]:
    """The sizes of damaged and lost files by SHA-256."""
    # Found by the assets that their events name, because their bytes are not in the store.
    events = list(FixityEvent.objects.without_bytes())
    named = {asset for event in events for asset in event.assets}
    own = Q(*(Q(pk__in=assets.values("pk")) for assets in _assets(user)), _connector=Q.OR)
    ours = {*Asset.objects.filter(own, pk__in=named).values_list("pk", flat=True)}
    return {event.sha256: event.size for event in events if ours.intersection(event.assets)}


def quarantined(user: User) -> list[str]:
    """The digests of the profile's quarantined files."""
    found: set[str] = set()
    for assets in _assets(user):
        rows = Quarantined.objects.filter(asset__in=assets.values("pk"))
        found.update(rows.values_list("sha256", flat=True))
    return sorted(found)


def assets(user: User) -> list[int]:
    """The ids of its assets, which identify partial downloads."""
    first, *others = (assets.values_list("pk", flat=True) for assets in _assets(user))
    return list(first.union(*others, all=True))


def _assets(user: User) -> list[QuerySet[Asset]]:
    # Separate querysets, because conditions with subqueries that are joined by OR use no index.
    owned: dict[str, QuerySet[Any]] = {
        "post": user.posts.values("pk"),
        "story": user.stories.values("pk"),
        "highlight": user.highlights.values("pk"),
    }
    return [
        Asset.objects.filter(owner_kind="user", owner_id=user.instagram_id),
        *(Asset.objects.filter(owner_kind=kind, owner_id__in=ids) for kind, ids in owned.items()),
    ]


def calls(user: User) -> QuerySet[APIRequestLog]:
    """The calls of its runs, and those that requested it, its posts or its highlights."""
    about = Q(target__in=[*_names(user), *filter(None, [user.instagram_id])])
    for things in (user.posts, user.highlights):
        about |= Q(target__in=things.values("pk"))
    about |= Q(batch__in=_ids(user.runs))
    found: QuerySet[APIRequestLog] = APIRequestLog.objects.filter(about)
    return found


def late_calls(user: User, *, now: datetime) -> dict[str, list[str]]:
    """Attributes of calls that are in progress and may be logged after the erasure.

    `batches` are runs that ended recently or not at all, `targets` are ids that a renewal may
    request.
    """
    ended = now - ABANDONED_AFTER
    recent = user.runs.filter(Q(finished_at=None) | Q(finished_at__gt=ended))
    expired = Asset.objects.filter(
        owner_kind="post", owner_id__in=user.posts.values("pk"), state=Asset.State.EXPIRED
    )
    posts = expired.values_list("owner_id", flat=True).distinct()
    return {
        "batches": [str(pk) for pk in recent.values_list("pk", flat=True)],
        "targets": [*_names(user), *filter(None, [user.instagram_id]), *posts],
    }


def by_marks(batches: list[str], targets: list[str]) -> QuerySet[APIRequestLog]:
    """The calls with one of these attributes."""
    found: QuerySet[APIRequestLog] = APIRequestLog.objects.filter(
        Q(batch__in=batches) | Q(target__in=targets)
    )
    return found


def _names(user: User) -> list[str]:
    """The names that it had, except those that another profile has now."""
    # The logged calls for such a name are about the other profile.
    passed_on = UsernamePeriod.objects.filter(username=OuterRef("username"), ended_at=None)
    own = user.username_periods.exclude(Exists(passed_on.exclude(user=user)))
    names = {user.username, *own.values_list("username", flat=True)}
    return sorted(names - {""})
