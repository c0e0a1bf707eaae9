"""The numbers of rows of large tables, which need no scan of the table."""

from __future__ import annotations

from typing import ClassVar

from django.db import connection, models, transaction
from django.db.models import BigIntegerField, Sum
from django.db.models.functions import Cast

MERGE = """
WITH merged AS (DELETE FROM instagram_rowtally RETURNING counted, rows)
INSERT INTO instagram_rowtally (counted, rows)
SELECT counted, sum(rows) FROM merged GROUP BY counted
"""


class RowTallyQuerySet(models.QuerySet["RowTally"]):
    def totals(self) -> dict[str, int]:
        """The number of rows by table, exact in the snapshot of the statement. One statement."""
        total = Cast(Sum("rows"), BigIntegerField())
        return dict(self.values_list("counted").annotate(total=total))

    def merge(self) -> None:
        """Replace the rows of each table by one. One statement, and it waits for no writer."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(MERGE)


class RowTally(models.Model):
    """How many rows a statement added to a table; below zero if it deleted them.

    Triggers write it, in the transaction of the statement. One row for each table would be simpler,
    but all writers of the table would wait for its lock until each of them commits.
    """

    counted = models.CharField(max_length=63, help_text="the table")
    rows = models.BigIntegerField()

    objects: ClassVar = RowTallyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "tallies"

    def __str__(self) -> str:
        return f"{self.counted} {self.rows:+}"
