"""The querysets of the REST API, with everything that each shape shows, in few queries."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db.models import (
    Case,
    CharField,
    DateTimeField,
    Exists,
    F,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest, JSONObject

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

FILES = ("image__file", "video__file__poster")
# Whole rows of files and media would be a fifth of the time of a page.
FILE_COLUMNS = tuple(
    f"{path}__{column}"
    for path in ("image__file", "video__file", "video__file__poster")
    for column in ("sha256", "extension", "blur", "width", "height")
)
MEDIUM_COLUMNS = (
    "post", "instagram_id", "position", "thumbnail_url", "media_url", "width", "height",
    "created_at", "updated_at",
)  # fmt: skip
# A private profile still shows itself to every poll.
SEEN_BY_POLLS = (Availability.LIVE, Availability.PRIVATE)


def profiles() -> QuerySet[User]:
    """Profiles with everything that a User object shows, in one query."""
    # Subqueries instead of joins and prefetches: they run for the rows of the page only, and read
    # one index entry each, however many stories, versions and metrics a profile has.
    rows: QuerySet[User] = (
        User.objects.select_related("picture__file")
        .annotate(
            has_stories=Exists(Story.objects.filter(user=OuterRef("pk"))),
            has_history=Exists(User.history.filter(uuid=OuterRef("pk"))),
            newest_counts=_counts(ProfileMetric.objects.filter(user=OuterRef("pk"))),
        )
        .defer("raw_data", "search_text", "search_grams")
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
    versions: QuerySet[Any] = User.history.select_related("picture__file").annotate(
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


def posts() -> QuerySet[Post]:
    """Posts with `current_media` and owner, in three queries."""
    return _posts_of(profiles())


def posts_in_full() -> QuerySet[Post]:
    """Posts with the owner in full, and the time of the last poll that showed the post."""
    in_grid = Case(When(in_grid=True, then=_polled_at("user", RunStream.Name.POSTS)))
    in_reels = Case(When(in_reels=True, then=_polled_at("user", RunStream.Name.REELS)))
    return _posts_of(profiles_in_full()).annotate(seen_at=_seen_at(in_grid, in_reels))


def stories() -> QuerySet[Story]:
    """Stories with files and owner, in two queries."""
    return _stories_of(profiles())


def stories_in_full() -> QuerySet[Story]:
    """Stories with the owner in full, their last sighting, and their highlights."""
    places = HighlightItem.objects.filter(removed_at=None).select_related("highlight")
    shown = places.only("position", "story", "highlight__title").order_by("highlight__position")
    # An expired story was last shown by the last poll before its end.
    seen_at = _seen_at(_last_success("user", RunStream.Name.STORIES, OuterRef("expires_at")))
    return (
        _stories_of(profiles_in_full())
        .annotate(seen_at=seen_at)
        .prefetch_related(Prefetch("highlight_items", shown, to_attr="places"))
    )


def highlights() -> QuerySet[Highlight]:
    """Highlights with cover and owner, in two queries."""
    return _highlights_of(profiles())


def highlights_in_full() -> QuerySet[Highlight]:
    """Highlights with the owner in full and their stories, in three more queries."""
    seen_at = _seen_at(_polled_at("user", RunStream.Name.HIGHLIGHTS))
    items = HighlightItem.objects.filter(removed_at=None).prefetch_related(
        Prefetch("story", stories())
    )
    return (
        _highlights_of(profiles_in_full())
        .annotate(seen_at=seen_at)
        .prefetch_related(Prefetch("items", items, to_attr="places"))
    )


def runs() -> QuerySet[ArchiveRun]:
    """Runs with profile and streams, in two queries."""
    streams = RunStream.objects.defer("cursor", "visited")
    profile = ("user__uuid", "user__username")
    own = (
        "user", "state", "is_scheduled", "waits_for", "calls", "created_at", "started_at",
        "finished_at",
    )  # fmt: skip
    return (
        ArchiveRun.objects.select_related("user")
        .only(*own, *profile)
        .prefetch_related(Prefetch("streams", streams))
    )


def _posts_of(owners: QuerySet[User]) -> QuerySet[Post]:
    media = (
        PostMedia.objects.filter(removed_at=None)
        .select_related(*FILES)
        .only(*MEDIUM_COLUMNS, *FILE_COLUMNS)
    )
    return Post.objects.prefetch_related(
        Prefetch("media", media, to_attr="current_media"), Prefetch("user", owners)
    ).defer("raw_data", "search_text", "search_grams")


def _stories_of(owners: QuerySet[User]) -> QuerySet[Story]:
    return (
        Story.objects.select_related(*FILES)
        .prefetch_related(Prefetch("user", owners))
        .defer("raw_data")
    )


def _highlights_of(owners: QuerySet[User]) -> QuerySet[Highlight]:
    return (
        Highlight.objects.select_related("cover__file")
        .prefetch_related(Prefetch("user", owners))
        .defer("raw_data", "search_text", "search_grams")
    )


def _counts(metrics: QuerySet[ProfileMetric]) -> QuerySet[Any]:
    """The newest of the metrics, as one JSON object."""
    counts = JSONObject(**{name: name for name in ProfileMetric.COUNTS})
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
