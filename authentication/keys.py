"""API keys: `ia_<prefix>_<secret>`.

The prefix is public and finds the row. Of the whole key only a SHA-256 is stored, which is enough
for a secret of 256 random bits.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from authentication.admission import admitted, lock_admitted
from authentication.models import ApiKey
from core import permissions
from core.scopes import Scope
from core.users.models import Account

log = structlog.get_logger("security")

MARK = "ia_"
MAX_LIFETIME = timedelta(days=366)
LIFETIME_OF_TOKEN = timedelta(hours=10)
TIME_BETWEEN_USES = timedelta(minutes=1)
"""The time of the last use is written at most this often."""


class KeyRefused(ValueError):
    """The key cannot be made. `field` names what is wrong, and the message gives the reason."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


@dataclass(frozen=True, slots=True)
class NewKey:
    """A new key with its secret text, which cannot be shown again."""

    key: ApiKey
    text: str = field(repr=False)


@transaction.atomic
def make(
    account: Account, *, name: str, scopes: Sequence[Scope], expires_at: datetime | None
) -> NewKey:
    """Make a key. Raises KeyRefused."""
    if not lock_admitted(account):
        raise KeyRefused("account", "The account is not active, or it is banned.")
    lacking = [each for each in scopes if not permissions.holds(account, each)]
    if lacking:
        raise KeyRefused("scopes", f"The account does not hold {', '.join(lacking)}.")
    now = timezone.now()
    if expires_at is not None and not now < expires_at <= now + MAX_LIFETIME:
        raise KeyRefused("expires_at", "A key expires within a year, or never.")
    prefix = secrets.token_hex(5)
    text = f"{MARK}{prefix}_{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        account=account,
        name=name,
        prefix=prefix,
        digest=_digest(text),
        scopes=[*dict.fromkeys(scopes)],
        expires_at=expires_at,
    )
    log.info("key.made", account=account.pk, key=prefix, scopes=[*map(str, scopes)])
    return NewKey(key, text)


def make_token(account: Account) -> NewKey:
    """Make a key for 10 hours with all scopes that the account holds."""
    scopes = [each for each in Scope if permissions.holds(account, each)]
    expires_at = timezone.now() + LIFETIME_OF_TOKEN
    return make(account, name="token", scopes=scopes, expires_at=expires_at)


def find(text: str) -> ApiKey | None:
    """The valid key with its account, if the account is admitted.

    1 statement, and one more if the time of the last use is old.
    """
    prefix, _, secret = text.removeprefix(MARK).partition("_")
    if not secret or not prefix.isalnum():
        return None
    now = timezone.now()
    rows = ApiKey.objects.valid(now).filter(account__in=admitted()).select_related("account")
    key: ApiKey | None = rows.filter(prefix=prefix).first()
    if key is None or not constant_time_compare(key.digest, _digest(text)):
        return None
    if key.last_used_at is None or now - key.last_used_at >= TIME_BETWEEN_USES:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key


def revoke(keys: QuerySet[ApiKey], *, by: Account | None) -> int:
    """Revoke those of the keys that are not revoked yet. Returns how many there were."""
    live = keys.filter(revoked_at=None)
    prefixes = [*live.values_list("prefix", flat=True)]
    count = live.update(revoked_at=timezone.now())
    log.info("keys.revoked", keys=prefixes, by=by and by.pk)
    return count


def revoke_all(account: Account) -> None:
    """Revoke every key of the account."""
    revoke(ApiKey.objects.filter(account=account), by=None)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
