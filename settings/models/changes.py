"""Who changed which setting when."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from core.users.models import Account


class SettingChange(models.Model):
    """One changed field of a setting. The value of a secret is never here, only that it changed."""

    setting = models.CharField(max_length=100, help_text="Name of the page.")
    field = models.CharField(max_length=100)
    before = models.TextField(blank=True)
    after = models.TextField(blank=True)
    changed_by = models.ForeignKey(
        Account, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    changed_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering: ClassVar = ["-changed_at", "-id"]

    def __str__(self) -> str:
        return f"{self.setting}: {self.field}"
