"""Sessions: families of refresh tokens."""

from __future__ import annotations

import uuid

from django.db import models

from core.users.models import Account


class RefreshFamily(models.Model):
    """The refresh tokens of one sign-in; each replaces the one before it.

    Tokens are valid only while this row exists. It is deleted with its account.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    expires_at = models.DateTimeField("end of its newest token", db_index=True)

    class Meta:
        verbose_name_plural = "refresh families"

    def __str__(self) -> str:
        return str(self.id)
