"""Erased profiles, and profiles that must not be erased."""

from __future__ import annotations

import hashlib
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, Func, OuterRef, Q
from django.utils import timezone

from instagram.models.users import User


def digest(text: str) -> str:
    """The SHA-256 of an id or a name, as stored in tombstones."""
    return hashlib.sha256(text.encode()).hexdigest()


class Digest(Func):
    """The same digest, computed by PostgreSQL."""

    template = "encode(sha256(convert_to(%(expressions)s, 'UTF8')), 'hex')"
    output_field = models.CharField()


class TombstoneQuerySet(models.QuerySet["Tombstone"]):
    def of_id(self, instagram_id: str) -> TombstoneQuerySet:
        return self.filter(id_digest=digest(instagram_id))

    def of_name(self, username: str) -> TombstoneQuerySet:
        """The profiles that had the name when they were erased."""
        return self.filter(username_digests__contains=[digest(username)])

    def unfinished(self) -> TombstoneQuerySet:
        """Erasures with traces that still have to be removed."""
        return self.filter(leftovers__isnull=False)


def has_tombstone() -> Exists:
    """A condition on profiles: they have a tombstone and should not exist."""
    return Exists(Tombstone.objects.filter(id_digest=Digest(OuterRef("instagram_id"))))


class Tombstone(models.Model):
    """An erased profile that must not be archived again, and the minimal proof of its erasure.

    Names and ids are stored as SHA-256 only. They can be recognised, but not listed.
    """

    id_digest = models.CharField(
        max_length=64, null=True, blank=True, unique=True, help_text="SHA-256 of the Instagram id"
    )
    username_digests = models.JSONField(
        default=list, help_text="SHA-256 of each name that was held when it was erased"
    )
    erased_at = models.DateTimeField(default=timezone.now)
    erased_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reason = models.TextField(help_text="such as the number of the request")
    proof = models.JSONField(default=dict, help_text="how much was removed, and a digest of it")
    leftovers = models.JSONField(
        null=True, blank=True, help_text="what is still to be removed; empty when nothing is"
    )
    completed_at = models.DateTimeField(
        null=True, blank=True, help_text="when the last trace was removed"
    )

    objects: ClassVar = TombstoneQuerySet.as_manager()

    class Meta:
        permissions: ClassVar = [("erase_user", "Can erase a profile")]
        indexes: ClassVar = [
            # Serves TombstoneQuerySet.unfinished, which a sweep queries every minute.
            models.Index(
                fields=["id"],
                condition=Q(leftovers__isnull=False),
                name="tombstone_unfinished",
            ),
        ]

    def __str__(self) -> str:
        return f"erased {self.erased_at:%Y-%m-%d %H:%M}"


class LegalHoldQuerySet(models.QuerySet["LegalHold"]):
    def in_force(self) -> LegalHoldQuerySet:
        return self.filter(released_at=None)


class LegalHold(models.Model):
    """An order to keep a profile. While it is in force the profile cannot be erased."""

    user = models.ForeignKey(User, models.PROTECT, related_name="legal_holds")
    reason = models.TextField()
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    placed_at = models.DateTimeField(default=timezone.now)
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects: ClassVar = LegalHoldQuerySet.as_manager()

    class Meta:
        permissions: ClassVar = [("hold_user", "Can place and release legal holds")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(released_at=None), name="hold_one_in_force"
            ),
        ]

    def __str__(self) -> str:
        return f"hold on {self.user_id}"
