"""The cost of each day. These rows outlive the log of the calls."""

from __future__ import annotations

from decimal import Decimal

from django.db import models


class Spending(models.Model):
    """One day of UTC. A price is added before its call, and subtracted if the call was free."""

    day = models.DateField(primary_key=True)
    calls = models.PositiveIntegerField(default=0, help_text="attempts, free ones included")
    spent = models.DecimalField(
        max_digits=12, decimal_places=4, default=Decimal(0), help_text="USD, at most"
    )
    soft_cap_reached_at = models.DateTimeField(null=True)
    hard_cap_reached_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "spending"

    def __str__(self) -> str:
        return f"{self.day}: {self.spent} USD"
