"""Bans of accounts."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from core.db.selection import Given
from core.users.models import Account


class BanQuerySet(models.QuerySet["Ban"]):
    def in_force(self, at: datetime | Given) -> BanQuerySet:
        """Filter bans that have neither ended nor been lifted."""
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=at), lifted_at=None)


class Ban(models.Model):
    """An account that must not sign in until a time, or until staff lifts the ban."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="bans")
    reason = models.CharField(max_length=500, help_text="Only staff sees it.")
    starts_at = models.DateTimeField(default=timezone.now, editable=False)
    ends_at = models.DateTimeField(null=True, blank=True, help_text="Empty: until it is lifted.")
    banned_by = models.ForeignKey(
        Account, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, editable=False)
    lifted_by = models.ForeignKey(
        Account, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )

    objects: ClassVar = BanQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
                name="ban_ends_after_its_start",
            ),
        ]

    def __str__(self) -> str:
        until = f" until {self.ends_at:%Y-%m-%d %H:%M}" if self.ends_at else ""
        return f"{self.account}{until}"
