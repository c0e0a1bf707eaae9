"""The admin of the schedule: when streams are polled, and how well stories are covered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import F, Prefetch, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.timezone import localtime
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from core.admin.bases import KeptInline, ReadOnlyAdmin
from core.admin.filters import TimeRangeFilter
from instagram.admin.owners import OfProfileSearch
from instagram.archiving.schedule.coverage import Coverage
from instagram.archiving.schedule.watching import WATCHED_DAYS, coverage_lately, lately
from instagram.models import RunStream, StreamPoll

MAX_GAPS = 10


class DueFilter(admin.SimpleListFilter):
    """Filters due and overdue polls. Unscheduled polls are shown on request only, because they have
    no deadline to sort by and no index.
    """

    title = "due"
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002  Django's signature
        return [
            ("now", "now"),
            ("late", "past its deadline"),
            ("later", "later"),
            ("never", "not scheduled"),
        ]

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Makes the first choice the default."""
        every, *others = super().choices(changelist)
        yield {**every, "display": "scheduled"}
        yield from others

    def queryset(
        self,
        request: HttpRequest,  # noqa: ARG002  Django's signature
        queryset: QuerySet[StreamPoll],
    ) -> QuerySet[StreamPoll]:
        now = timezone.now()
        chosen: dict[str | None, dict[str, Any]] = {
            "now": {"due_at__lte": now},
            "late": {"due_at__lte": now, "deadline_at__lte": now},
            "later": {"due_at__gt": now},
            "never": {"due_at": None},
        }
        return queryset.filter(**chosen.get(self.value(), {"due_at__isnull": False}))


class Watched:
    """Columns about the story windows of `poll.user`."""

    @admin.display(description=f"Covered ({WATCHED_DAYS} days)")
    def covered(self, poll: StreamPoll) -> str | None:
        """The share of time in which no story can have been missed."""
        report = _report(poll)
        return f"{report.share:.1%}" if report else None

    @admin.display(description=f"Gaps ({WATCHED_DAYS} days)")
    def gaps(self, poll: StreamPoll) -> str | None:
        """The newest gaps, one per line."""
        report = _report(poll)
        if report is None or not report.gaps:
            return None
        newest = report.gaps[: -MAX_GAPS - 1 : -1]
        times = ((f"{_local(gap.start)} to {_local(gap.end)}",) for gap in newest)
        return format_html_join("\n", "<div>{}</div>", times)


@admin.register(StreamPoll)
class StreamPollAdmin(Watched, OfProfileSearch, ReadOnlyAdmin):
    """Scheduled polls, the earliest deadline first."""

    list_display = (
        "user", "stream", "due_at", "deadline_at", "interval", "polled_at", "changed_at", "covered",
    )  # fmt: skip
    list_filter: ClassVar[tuple[Any, ...]] = (
        "stream",
        DueFilter,
        ("due_at", TimeRangeFilter),
        ("deadline_at", TimeRangeFilter),
        ("user", AutocompleteSelectFilter),
    )
    ordering = (F("deadline_at").asc(nulls_last=True), "pk")
    fields = readonly_fields = (
        "user", "stream", "due_at", "deadline_at", "interval", "polled_at", "changed_at", "covered",
        "gaps",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[StreamPoll]:
        """Prefetches the windows that the columns use."""
        return with_windows(super().get_queryset(request))


class PollInline(Watched, KeptInline):
    model = StreamPoll
    verbose_name_plural = "schedule"
    fields = readonly_fields = (
        "stream", "due_at", "deadline_at", "interval", "polled_at", "changed_at", "covered", "gaps",
    )  # fmt: skip
    tab = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[StreamPoll]:
        """Prefetches the windows that the columns use."""
        return with_windows(super().get_queryset(request))


def with_windows(polls: QuerySet[StreamPoll]) -> QuerySet[StreamPoll]:
    """Select the profiles and prefetch the windows of the last days."""
    windows = lately(timezone.now())
    return (
        polls.select_related("user")
        .defer("user__raw_data", "user__search_grams")
        .prefetch_related(Prefetch("user__story_windows", windows))
    )


def _report(poll: StreamPoll) -> Coverage | None:
    if poll.stream != RunStream.Name.STORIES:
        return None
    return coverage_lately(poll.user.story_windows.all(), now=timezone.now())


def _local(time: Any) -> str:
    return f"{localtime(time):%Y-%m-%d %H:%M}"
