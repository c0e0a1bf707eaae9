"""Merges rows that have only a requested name into the profiles that hold the name."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from core.utils.errors import Transient
from instagram.models import ArchiveRun, ChangeEvent, LegalHold, Story, User

FLAGS = ("allow_auto_update_stories", "allow_auto_update_profile")


def merge_into_survivor(placeholder: User, survivor: User, *, now: datetime) -> None:
    """Merge the row that is being archived into the stored profile that holds its name.

    Raises Transient if that profile has an active run.
    """
    # The runs of the placeholder move to the survivor, and a profile has one active run at most.
    if ArchiveRun.objects.active().filter(user=survivor).exists():
        raise Transient("this account is being archived under its other name")
    _merge(placeholder, survivor, now)


@transaction.atomic
def take_in(user: User, *, now: datetime) -> None:
    """Merge the placeholder of the profile's name, if there is one.

    One is left if its own run failed before the profile was stored as a coauthor.
    """
    # A placeholder that is being archived will be merged by its own run.
    waiting = User.objects.filter(username=user.username, instagram_id=None)
    for placeholder in waiting.exclude(runs__in=ArchiveRun.objects.active()).select_for_update():
        _merge(placeholder, user, now)


def _merge(placeholder: User, survivor: User, now: datetime) -> None:
    """Move what the placeholder has to the profile, and delete it."""
    ArchiveRun.objects.filter(user=placeholder).update(user=survivor)
    _move_holds(placeholder, survivor, now)
    # Stories that a program handed in.
    Story.objects.filter(user=placeholder).update(user=survivor)
    ChangeEvent.objects.filter(user=placeholder).update(user=survivor)
    flags = {flag: True for flag in FLAGS if getattr(placeholder, flag)}
    if flags:
        User.objects.filter(pk=survivor.pk).update(**flags)
    key = placeholder.pk
    placeholder.delete()
    # The history would show a profile that never existed.
    User.history.filter(uuid=key).delete()


def _move_holds(placeholder: User, survivor: User, now: datetime) -> None:
    # A profile has one hold in force at most. The other one is released and stays on record.
    holds = LegalHold.objects.filter(user=placeholder)
    if LegalHold.objects.in_force().filter(user=survivor).exists():
        holds.in_force().update(released_at=now)
    holds.update(user=survivor)
