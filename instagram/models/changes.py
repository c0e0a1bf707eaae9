"""The change feed: append-only, in an order in which readers cannot miss a change."""

from __future__ import annotations

from typing import ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Func, Q
from django.utils import timezone

from instagram.models.users import User


def _call(function: str, *arguments: Func) -> Func:
    return Func(*arguments, function=function, output_field=models.BigIntegerField())


def _place(transaction_id: Func) -> Func:
    """The position of a transaction in the feed: its id plus the offset of `FeedClock`."""
    return _call("instagram_feed_place", transaction_id)


class ChangeEventQuerySet(models.QuerySet["ChangeEvent"]):
    def settled(self) -> ChangeEventQuerySet:
        """Changes that no later commit can precede, in feed order.

        Ids are assigned before the commit, so a higher id may become visible before a lower one.
        Rows older than every open transaction are not affected.
        """
        oldest_open = _place(_call("pg_snapshot_xmin", _call("pg_current_snapshot")))
        return self.filter(transaction__lt=oldest_open).order_by("transaction", "id")

    def after(self, transaction: int, number: int) -> ChangeEventQuerySet:
        """Those behind a place in the feed."""
        return self.filter(
            Q(transaction__gt=transaction) | Q(transaction=transaction, pk__gt=number)
        )

    def written_here(self) -> list[ChangeEvent]:
        """Those of the transaction that asks, in their order. One statement."""
        return list(self.filter(transaction=_place(_call("pg_current_xact_id"))).order_by("id"))


class ChangeEvent(models.Model):
    """One change of one object: old values, new values and the time of observation.

    `appeared` has every tracked value as `new`, so replaying the feed rebuilds the state.
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
