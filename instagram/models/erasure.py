"""Profiles that were erased, and profiles that must not be."""

from __future__ import annotations

import hashlib
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, Func, OuterRef, Q
from django.utils import timezone

from instagram.models.users import User


def digest(text: str) -> str:
    """The SHA-256 of an id or a name, as tombstones keep it."""
    return hashlib.sha256(text.encode()).hexdigest()


class Digest(Func):
    """The same, computed by PostgreSQL."""

    template = "encode(sha256(convert_to(%(expressions)s, 'UTF8')), 'hex')"
    output_field = models.CharField()


class TombstoneQuerySet(models.QuerySet["Tombstone"]):
    """Named questions about erased profiles."""

    def of_id(self, instagram_id: str) -> TombstoneQuerySet:
        """Of the profile with that Instagram id."""
        return self.filter(id_digest=digest(instagram_id))

    def of_name(self, username: str) -> TombstoneQuerySet:
        """Of the profiles that held that name when they were erased."""
        return self.filter(username_digests__contains=[digest(username)])

    def unfinished(self) -> TombstoneQuerySet:
        """Those of which some traces are still to be removed."""
        return self.filter(leftovers__isnull=False)


def has_tombstone() -> Exists:
    """A condition on profiles: they were erased, and should not be here."""
    return Exists(Tombstone.objects.filter(id_digest=Digest(OuterRef("instagram_id"))))


class Tombstone(models.Model):
    """A profile that was erased and must not be archived again; the minimal proof that it was.

    Names and ids are kept as SHA-256 only: enough to recognise them, too little to list them.
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
            # Serves TombstoneQuerySet.unfinished, which a sweep asks every minute.
            models.Index(
                fields=["id"],
                condition=Q(leftovers__isnull=False),
                name="tombstone_unfinished",
            ),
        ]

    def __str__(self) -> str:
        return f"erased {self.erased_at:%Y-%m-%d %H:%M}"


class LegalHoldQuerySet(models.QuerySet["LegalHold"]):
    """Named questions about holds."""

    def in_force(self) -> LegalHoldQuerySet:
        """Not released yet."""
        return self.filter(released_at=None)


class LegalHold(models.Model):
    """An order to keep a profile; while one is in force nothing erases it."""

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
