"""What a client proves itself with: families of refresh tokens, and API keys."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.scopes import Scope
from core.users.models import Account


class RefreshFamily(models.Model):
    """The refresh tokens of one sign-in; each replaces the one before it.

    Its refresh tokens and access tokens are valid only while this row exists. It is deleted with
    its account.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="families")
    expires_at = models.DateTimeField("end of its newest token", db_index=True)

    class Meta:
        verbose_name_plural = "refresh families"

    def __str__(self) -> str:
        return str(self.id)


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def valid(self, at: datetime) -> ApiKeyQuerySet:
        """Filter keys that are neither revoked nor expired."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=at), revoked_at=None)


class ApiKey(models.Model):
    """A key with which a program acts for an account. Only a digest of its secret is stored."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100, help_text="For what the key is used.")
    prefix = models.CharField(max_length=16, unique=True, editable=False)
    digest = models.CharField("SHA-256 of the key", max_length=64, editable=False)
    scopes = ArrayField(
        models.CharField(max_length=30, choices=[(each.value,) * 2 for each in Scope])
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: never.")
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"
        indexes: ClassVar = [models.Index(fields=["account", "-created_at"], name="key_of_account")]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
