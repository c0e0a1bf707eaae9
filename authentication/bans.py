"""Bans: they end the sessions and keys of an account at once, and refuse new ones."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import models, transaction
from django.utils import timezone

from authentication import keys, tokens
from authentication.models import Ban
from core.users.models import Account

log = structlog.get_logger("security")


class BanRefused(Exception):
    """The ban is not allowed. The message gives the reason."""


@transaction.atomic
def ban(account: Account, *, reason: str, ends_at: datetime | None, by: Account | None) -> Ban:
    """Ban an account, without an end if `ends_at` is None. Raises BanRefused.

    Its sessions end and its keys are revoked in the same transaction. They stay so after the ban.
    """
    check(account, ends_at=ends_at, by=by)
    made = Ban.objects.create(account=account, reason=reason, ends_at=ends_at, banned_by=by)
    tokens.end_all(account)
    keys.revoke_all(account)
    log.warning("account.banned", account=account.pk, ban=made.pk, by=by and by.pk)
    return made


def check(account: Account, *, ends_at: datetime | None, by: Account | None) -> None:
    """Raise BanRefused if this ban is not allowed. `by` is None for the program itself."""
    if by is not None and account.pk == by.pk:
        raise BanRefused("You cannot ban yourself.")
    if (account.is_staff or account.is_superuser) and not (by is None or by.is_superuser):
        raise BanRefused("Only a superuser can ban staff.")
    if ends_at is not None and ends_at <= timezone.now():
        raise BanRefused("A ban must end in the future.")


def lift(bans: models.QuerySet[Ban], *, by: Account) -> int:
    """Lift those of the bans that are in force. Returns how many there were."""
    now = timezone.now()
    lifted = bans.filter(pk__in=Ban.objects.in_force(now).values("pk"))
    names = [*lifted.values_list("account_id", flat=True)]
    count = lifted.update(lifted_at=now, lifted_by=by)
    log.warning("account.bans_lifted", accounts=names, by=by.pk)
    return count
