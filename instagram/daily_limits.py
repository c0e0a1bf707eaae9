"""How many new profiles the roles of an account may add in 24 hours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from django.utils import timezone

from core.users.models import Account, RoleLimit
from instagram.models import ProfileAddition

WINDOW = timedelta(hours=24)


class DailyLimit(ValueError):
    """The roles of the account allow no more new profiles now. `retry_after` is in seconds."""

    code = "limit"

    def __init__(self, limit: int, retry_after: int) -> None:
        super().__init__(f"Your role may add {limit} profiles in 24 hours, and has added them.")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Room:
    """What an account may still add, while its transaction is open. No `limit`: everything."""

    account: Account | None
    limit: int | None
    used: Sequence[datetime]
    now: datetime

    @classmethod
    def of(cls, account: Account | None) -> Self:
        """Lock the account, so that two requests cannot use the same room, and count. 3 statements.

        Staff, and the program itself (None), have no limit: 0 statements.
        """
        now = timezone.now()
        if account is None or account.is_staff:
            return cls(account, None, (), now)
        Account.objects.select_for_update(no_key=True).only("pk").get(pk=account.pk)
        recent = ProfileAddition.objects.filter(account=account, added_at__gt=now - WINDOW)
        used = recent.order_by("added_at").values_list("added_at", flat=True)
        return cls(account, RoleLimit.profiles_a_day_of(account), [*used], now)

    def share(self, names: Sequence[str]) -> Sequence[str]:
        """The first of the names, as many as there is room for."""
        return names if self.limit is None else names[: max(0, self.limit - len(self.used))]

    def use(self, count: int) -> None:
        """Note that this many profiles were added. 1 statement; 0 for none, or without a limit."""
        if self.limit is not None and count:
            ProfileAddition.objects.bulk_create(
                ProfileAddition(account=self.account, added_at=self.now) for _ in range(count)
            )

    def refusal(self) -> DailyLimit:
        """Why one more is refused, and after how many seconds it is not."""
        limit = self.limit or 0
        # One more has room when all but `limit - 1` of the additions are older than the window.
        blocking = self.used[-limit] if 0 < limit <= len(self.used) else self.now
        wait = (blocking + WINDOW - self.now).total_seconds()
        return DailyLimit(limit, max(1, math.ceil(wait)))
