"""Rows that are only a name: somebody asked for it, and nobody has answered to it yet."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from core.utils.errors import Transient
from instagram.models import ArchiveRun, LegalHold, User

FLAGS = ("allow_auto_update_stories", "allow_auto_update_profile")


def merge_into_survivor(placeholder: User, survivor: User, *, now: datetime) -> None:
    """Merge the row that is being archived into the profile that its name turned out to be.

    Raises Transient when that is being archived at the moment.
    """
    if ArchiveRun.objects.active().filter(user=survivor).exists():
        raise Transient("this account is being archived under its other name")
    _merge(placeholder, survivor, now)


@transaction.atomic
def take_in(user: User, *, now: datetime) -> None:
    """Merge the row of whoever was asked for by the profile's name before anybody had answered.

    It stays where its own run failed before the profile was met as somebody's coauthor. One that
    is being archived finds the profile by itself.
    """
    waiting = User.objects.filter(username=user.username, instagram_id=None)
    for placeholder in waiting.exclude(runs__in=ArchiveRun.objects.active()).select_for_update():
        _merge(placeholder, user, now)


def _merge(placeholder: User, survivor: User, now: datetime) -> None:
    """Give what people asked for and decided to the profile, and delete the row."""
    ArchiveRun.objects.filter(user=placeholder).update(user=survivor)
    _move_holds(placeholder, survivor, now)
    flags = {flag: True for flag in FLAGS if getattr(placeholder, flag)}
    if flags:
        User.objects.filter(pk=survivor.pk).update(**flags)
    key = placeholder.pk
    placeholder.delete()
    User.history.filter(uuid=key).delete()  # it was a name, never a profile


def _move_holds(placeholder: User, survivor: User, now: datetime) -> None:
    """A profile is held once: of two holds the one on the name ends, and stays on record."""
    holds = LegalHold.objects.filter(user=placeholder)
    if LegalHold.objects.in_force().filter(user=survivor).exists():
        holds.in_force().update(released_at=now)
    holds.update(user=survivor)
