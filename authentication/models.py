"""What is remembered of a session beside its tokens."""

from __future__ import annotations

import uuid

from django.db import models

from core.users.models import Account


class RefreshFamily(models.Model):
    """The refresh tokens that follow each other from one sign-in.

    The row is what keeps them alive: without it, none of them is good any more. So it also goes
    with its account.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    expires_at = models.DateTimeField("end of its newest token", db_index=True)

    class Meta:
        verbose_name_plural = "refresh families"

    def __str__(self) -> str:
        return str(self.id)
