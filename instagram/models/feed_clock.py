"""Places in the feed of changes go on where a dump is restored into another cluster."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Max

from instagram.models.changes import ChangeEvent

# The timeline changes where an older state of the same cluster is recovered.
HERE = """
SELECT format('%s/%s', system_identifier, timeline_id)
FROM pg_control_system(), pg_control_checkpoint()
"""
OLDEST_OPEN = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
# Until all who have written a change have ended; readers pass.
WAIT_FOR_WRITERS = "LOCK TABLE instagram_changeevent IN SHARE ROW EXCLUSIVE MODE"


class FeedClock(models.Model):
    """How far places in the feed are ahead of the cluster's transaction ids; one row.

    Each cluster counts its transactions from its own beginning. The database's function
    `instagram_feed_place` adds what stands here.
    """

    cluster = models.CharField(max_length=40, help_text="system identifier and timeline")
    ahead = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.cluster} {self.ahead:+}"

    @classmethod
    def follow(cls, *, now: datetime) -> None:
        """In another cluster than before, let what is written come after all that anybody read.

        The places of a cluster begin at the time in microseconds and never catch up with it: that
        would take a million transactions a second. So those of the next begin after them, also
        after those that readers saw when the backup had been made. 2 statements in the same one.
        """
        here = _scalar(HERE)
        if cls._is_of(here):
            return
        with transaction.atomic():
            _execute(WAIT_FOR_WRITERS)
            if not cls._is_of(here):
                cls._begin(here, now)

    @classmethod
    def _is_of(cls, cluster: str) -> bool:
        return cls.objects.filter(cluster=cluster).exists()

    @classmethod
    def _begin(cls, cluster: str, now: datetime) -> None:
        newest = ChangeEvent.objects.aggregate(newest=Max("transaction"))["newest"] or 0
        first = max(round(now.timestamp() * 1e6), newest + 1)  # whatever the clock says
        facts = {"cluster": cluster, "ahead": first - _scalar(OLDEST_OPEN)}
        cls.objects.update_or_create(pk=1, defaults=facts)


def _scalar(query: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()[0][0]


def _execute(command: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(command)
