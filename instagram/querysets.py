"""The rows that the REST API shows: annotations and order. Serializers say which columns are read.

A Selection compiles each of these once, so nothing in them depends on the time or on a request.
`profiles_as_of` is the exception, and its rows are read by `RowSerializer.read`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    DateTimeField,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest

from core.api.rows import PARENT
from instagram.models import (
    ArchiveRun,
    Availability,
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

# A private profile still shows itself to every poll.
SEEN_BY_POLLS = (Availability.LIVE, Availability.PRIVATE)


def profiles() -> QuerySet[User]:
    """Profiles with the flags and counts that a User object shows."""
    # Each is one look into an index for each profile that is shown. A Selection names the profiles,
    # so PostgreSQL knows that they are few; under a LIMIT it would read whole tables for the flags.
    rows: QuerySet[User] = User.objects.annotate(
        has_stories=Exists(Story.objects.filter(user=OuterRef("pk"))),
        has_history=Exists(User.history.filter(uuid=OuterRef("pk"))),
        newest_counts=_counts(ProfileMetric.objects.filter(user=OuterRef("pk"))),
    )
    return rows


def profiles_in_full() -> QuerySet[User]:
    """Profiles with the time of the last poll that read them as well."""
    polled_at = _polled_at("pk", RunStream.Name.PROFILE)
    rows: QuerySet[User] = profiles().annotate(
        updated_at_from_api=polled_at, seen_at=_seen_at(polled_at)
    )
    return rows


def profiles_as_of(then: datetime) -> QuerySet[Any]:
    """The versions of profiles up to `then`, the newest first, each as `profiles_in_full`."""
    # Counts have a day and no time, so those of the whole day are shown.
    day = then.astimezone(UTC).date()
    known = ProfileMetric.objects.filter(user=OuterRef("uuid"), day__lte=day)
    polled_at = _last_success("uuid", RunStream.Name.PROFILE, Value(then))
    versions: QuerySet[Any] = User.history.annotate(
        has_stories=Exists(Story.objects.filter(user=OuterRef("uuid"), created_at__lte=then)),
        has_history=Value(value=True),
        newest_counts=_counts(known),
        updated_at_from_api=polled_at,
        seen_at=_seen_at(polled_at),
        original_profile_picture_url=Coalesce(
            F("picture__url"), Value(""), output_field=CharField()
        ),
    )
    return versions.filter(history_date__lte=then).order_by("-history_date", "-history_id")


def posts_in_full() -> QuerySet[Post]:
    """Posts with the time of the last poll that showed them."""
    in_grid = Case(When(in_grid=True, then=_polled_at("user", RunStream.Name.POSTS)))
    in_reels = Case(When(in_reels=True, then=_polled_at("user", RunStream.Name.REELS)))
    return Post.objects.annotate(seen_at=_seen_at(in_grid, in_reels))


def media_of_posts() -> QuerySet[PostMedia]:
    """The media that posts show now, in carousel order."""
    rows = PostMedia.objects.filter(removed_at=None).annotate(**{PARENT: F("post_id")})
    return rows.order_by("position", "pk")


def stories_in_full() -> QuerySet[Story]:
    """Stories with their last sighting."""
    # An expired story was last shown by the last poll before its end.
    seen_at = _seen_at(_last_success("user", RunStream.Name.STORIES, OuterRef("expires_at")))
    rows: QuerySet[Story] = Story.objects.annotate(seen_at=seen_at)
    return rows


def highlights_of_stories() -> QuerySet[HighlightItem]:
    """The highlights that hold stories now, in tray order."""
    rows = HighlightItem.objects.filter(removed_at=None).annotate(**{PARENT: F("story_id")})
    return rows.order_by("highlight__position", "pk")


def highlights_in_full() -> QuerySet[Highlight]:
    """Highlights with their last sighting."""
    seen_at = _seen_at(_polled_at("user", RunStream.Name.HIGHLIGHTS))
    rows: QuerySet[Highlight] = Highlight.objects.annotate(seen_at=seen_at)
    return rows


def stories_of_highlights() -> QuerySet[Story]:
    """The stories that highlights hold now, in their order."""
    rows: QuerySet[Story] = Story.objects.filter(highlight_items__removed_at=None).annotate(
        **{PARENT: F("highlight_items__highlight_id")}
    )
    return rows.order_by("highlight_items__position", "highlight_items__pk")


def streams_of_runs() -> QuerySet[RunStream]:
    """The streams of runs, in their order."""
    return RunStream.objects.annotate(**{PARENT: F("run_id")})


def _counts(metrics: QuerySet[ProfileMetric]) -> QuerySet[Any]:
    """The newest of the metrics, as one array in the order of COUNTS."""
    counts = Func(
        *ProfileMetric.COUNTS,
        template="ARRAY[%(expressions)s]",
        output_field=ArrayField(BigIntegerField(null=True)),
    )
    return metrics.order_by("-day").values(counts=counts)[:1]


def _polled_at(user: str, stream: str) -> Subquery:
    """The time of the last complete poll of the stream, of the profile in the `user` column."""
    polls = StreamPoll.objects.filter(user=OuterRef(user), stream=stream)
    return Subquery(polls.values("polled_at"))


def _last_success(user: str, stream: str, before: Any) -> Subquery:
    """The time of the last complete read of the stream before a time in the past."""
    # Runs of a profile never overlap, so the newest run that succeeded is the last one.
    reads = ArchiveRun.objects.filter(
        user=OuterRef(user),
        created_at__lte=before,
        streams__name=stream,
        streams__state=RunStream.State.SUCCEEDED,
        streams__finished_at__lte=before,
    )
    return Subquery(reads.order_by("-created_at").values("streams__finished_at")[:1])


def _seen_at(*polls: Any) -> Case:
    """The time at which the row was last seen."""
    # A live row is not written by the polls that see it, so the last poll is its last sighting.
    return Case(
        When(Q(availability__in=SEEN_BY_POLLS), then=Greatest("last_seen_at", *polls)),
        default=F("last_seen_at"),
        output_field=DateTimeField(null=True),
    )
