"""The feed of changes: append-only, in an order that no reader can miss anything in."""

from __future__ import annotations

from typing import ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Func
from django.utils import timezone

from instagram.models.users import User


def _call(function: str, *arguments: Func) -> Func:
    return Func(*arguments, function=function, output_field=models.BigIntegerField())


def _place(transaction_id: Func) -> Func:
    """Where a transaction stands in the feed: its id, and what `FeedClock` adds to it."""
    return _call("instagram_feed_place", transaction_id)


class ChangeEventQuerySet(models.QuerySet["ChangeEvent"]):
    """Named questions about changes."""

    def settled(self) -> ChangeEventQuerySet:
        """Those before which nothing can appear any more, in the order of the feed.

        Ids are given out before the commit, so a higher id may be seen before a lower one. What is
        older than every transaction still open has no such neighbour.
        """
        oldest_open = _place(_call("pg_snapshot_xmin", _call("pg_current_snapshot")))
        return self.filter(transaction__lt=oldest_open).order_by("transaction", "id")


class ChangeEvent(models.Model):
    """One change of one thing: what was, what is, when it was seen.

    `appeared` holds every tracked value as its `new`, so replaying the feed rebuilds the state.
    """

    class Kind(models.TextChoices):
        USER = "user"
        POST = "post"
        STORY = "story"
        HIGHLIGHT = "highlight"

    class Event(models.TextChoices):
        APPEARED = "appeared"
        CHANGED = "changed"
        ERASED = "erased"

    transaction = models.BigIntegerField(
        db_default=_place(_call("pg_current_xact_id")), editable=False
    )
    kind = models.CharField(max_length=10, choices=Kind)
    object_id = models.CharField(max_length=36, help_text="uuid of a profile, else Instagram's id")
    user = models.ForeignKey(
        User, models.CASCADE, null=True, related_name="changes", help_text="whose it is"
    )
    event = models.CharField(max_length=10, choices=Event)
    fields = models.JSONField(
        default=dict, encoder=DjangoJSONEncoder, help_text='{"caption": {"old": …, "new": …}}'
    )
    seen_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar = ChangeEventQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["transaction", "id"], name="change_in_order"),
            models.Index(fields=["user", "transaction", "id"], name="change_of_user"),
            models.Index(fields=["kind", "object_id", "id"], name="change_of_object"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id} {self.event}"
