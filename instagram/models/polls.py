"""The schedule of each profile's streams, and the windows in which its stories were covered."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q

from instagram.models.runs import RunStream
from instagram.models.users import User


class StreamPoll(models.Model):
    """When a stream of a profile was last read to its end, and when it is due again.

    It is a separate table, because an unchanged poll must not write the profile's row.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="polls")
    stream = models.CharField(max_length=10, choices=RunStream.Name)
    polled_at = models.DateTimeField(
        null=True, blank=True, help_text="the last poll that saw everything"
    )
    changed_at = models.DateTimeField(
        null=True, blank=True, help_text="the last poll that brought something new"
    )
    interval = models.DurationField(
        default=timedelta(days=1), help_text="adapted: shorter while things happen"
    )
    pages = models.PositiveIntegerField(
        null=True, blank=True, help_text="of the last poll that saw everything"
    )
    due_at = models.DateTimeField(null=True, blank=True, help_text="empty: not scheduled")
    deadline_at = models.DateTimeField(
        null=True, blank=True, help_text="after this something may be lost unseen"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "stream"], name="poll_once_per_stream"),
            models.CheckConstraint(
                condition=Q(due_at__isnull=True, deadline_at__isnull=True)
                | Q(due_at__isnull=False, deadline_at__isnull=False),
                name="poll_due_has_deadline",
            ),
        ]
        indexes: ClassVar = [
            # Both serve the dispatcher, which queries due polls, the earliest deadline first.
            models.Index(
                fields=["deadline_at", "id"],
                condition=Q(due_at__isnull=False),
                name="poll_by_deadline",
            ),
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="poll_by_due"),
        ]

    def __str__(self) -> str:
        return f"{self.stream} of {self.user_id}"


class StoryWindow(models.Model):
    """A time in which every story of the profile was seen.

    A poll covers the 24 hours before it. Overlapping polls form one window; the time between two
    windows is a gap.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="story_windows")
    started_at = models.DateTimeField(help_text="24 hours before the first poll")
    ended_at = models.DateTimeField(help_text="the last poll")
    polls = models.PositiveIntegerField(default=1)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(started_at__lt=models.F("ended_at")), name="window_has_a_length"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["user", "ended_at"], name="window_of_user")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.started_at:%Y-%m-%d %H:%M} to {self.ended_at:%Y-%m-%d %H:%M}"
