"""People on their way to an account, and accounts of Google that belong to ours."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import ClassVar

from django.contrib.auth.models import Group
from django.db import models
from django.utils import timezone

from core.users.models import Account


class PendingAccount(models.Model):
    """A registration whose e-mail address is not confirmed yet. No account exists before that."""

    LIFETIME: ClassVar = timedelta(days=1)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField("e-mail")
    name = models.CharField(max_length=150, blank=True)
    password = models.CharField("hash of the password", max_length=128)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return self.email


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self) -> InvitationQuerySet:
        """Filter invitations that can still be accepted."""
        oldest = timezone.now() - Invitation.LIFETIME
        return self.filter(accepted_at=None, created_at__gt=oldest)


class Invitation(models.Model):
    """Staff invites a person to make an account."""

    LIFETIME: ClassVar = timedelta(days=14)

    email = models.EmailField("e-mail")
    role = models.ForeignKey(
        Group,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        help_text="Empty: the role of new accounts.",
    )
    invited_by = models.ForeignKey(
        Account, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    accepted_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar = InvitationQuerySet.as_manager()

    def __str__(self) -> str:
        return self.email


class GoogleIdentity(models.Model):
    """The user of a Firebase project who signs in to an account."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="google")
    project = models.CharField(max_length=100)
    uid = models.CharField(max_length=128)
    linked_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name_plural = "Google identities"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "uid"], name="google_identity_once"),
        ]

    def __str__(self) -> str:
        return f"{self.project}: {self.uid}"
