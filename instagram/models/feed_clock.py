"""Keeps positions in the change feed ascending when a dump is restored into another cluster."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Max

from instagram.models.changes import ChangeEvent

# The timeline changes when an older state of the same cluster is recovered.
HERE = """
SELECT format('%s/%s', system_identifier, timeline_id)
FROM pg_control_system(), pg_control_checkpoint()
"""
OLDEST_OPEN = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
# Waits until all transactions that wrote a change have ended. Readers are not blocked.
WAIT_FOR_WRITERS = "LOCK TABLE instagram_changeevent IN SHARE ROW EXCLUSIVE MODE"


class FeedClock(models.Model):
    """The offset between feed positions and the cluster's transaction ids; one row.

    Each cluster numbers its transactions from the start. The database function
    `instagram_feed_place` adds this offset.
    """

    cluster = models.CharField(max_length=40, help_text="system identifier and timeline")
    ahead = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.cluster} {self.ahead:+}"

    @classmethod
    def follow(cls, *, now: datetime) -> None:
        """If the cluster changed, move new changes behind all positions that were read before.

        Positions of a cluster start at the time in microseconds and never catch up with it, since
        that would take a million transactions per second. So the positions of the next cluster are
        higher, also than those that readers saw after the backup was made. Sends 2 statements if
        the cluster is the same.
        """
        here = _scalar(HERE)
        if cls._is_of(here):
            return
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(WAIT_FOR_WRITERS)
            if not cls._is_of(here):
                cls._begin(here, now)

    @classmethod
    def _is_of(cls, cluster: str) -> bool:
        return cls.objects.filter(cluster=cluster).exists()

    @classmethod
    def _begin(cls, cluster: str, now: datetime) -> None:
        newest = ChangeEvent.objects.aggregate(newest=Max("transaction"))["newest"] or 0
        # The clock may have been set back since the newest change.
        first = max(round(now.timestamp() * 1e6), newest + 1)
        facts = {"cluster": cluster, "ahead": first - _scalar(OLDEST_OPEN)}
        cls.objects.update_or_create(pk=1, defaults=facts)


def _scalar(query: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()[0][0]
