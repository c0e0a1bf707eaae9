"""Which accounts may use the archive. Every way to sign in asks here, on each request."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from authentication.models import Ban
from core.db.selection import Given
from core.users.models import Account


def admitted(at: datetime | Given | None = None) -> QuerySet[Account]:
    """The accounts that are active and not banned at a time, by default now."""
    bans = Ban.objects.in_force(at or timezone.now()).filter(account=OuterRef("pk"))
    return Account.objects.filter(~Exists(bans), is_active=True)


def lock_admitted(account: Account) -> bool:
    """Lock the account until the transaction ends; whether it is admitted. 2 statements.

    What a sign-in makes under the lock, a ban at the same time finds and ends.
    """
    Account.objects.select_for_update(no_key=True).only("pk").get(pk=account.pk)
    return admitted().filter(pk=account.pk).exists()
