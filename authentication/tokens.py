"""Pairs of access and refresh tokens.

An access token is valid for five minutes. A refresh token is valid for one use within 30 days.
Both carry a digest of the password, so that a new password ends every session, and the id of their
family, so that a sign-out ends both at once.

A refresh token that is used a second time may have been stolen, so the second use ends its whole
family (RFC 9700, section 4.14.2). Two tabs of one browser may use the same token within moments:
within GRACE the second use gets the same pair as the first. The pair is not stored for that. It is
computed from the token's id and the time of its first use.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, TypedDict, TypeVar, cast

import structlog
from django.contrib.auth.models import update_last_login
from django.db import DEFAULT_DB_ALIAS, models, transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken, Token
from rest_framework_simplejwt.utils import get_md5_hash_password

from authentication.admission import admitted, lock_admitted
from authentication.models import RefreshFamily
from core.db.selection import Given, KeyQuery, Selection
from core.users.models import Account

Kind = TypeVar("Kind", bound=Token)

log = structlog.get_logger("security")

GRACE = timedelta(seconds=30)
FAMILY = "family"
JTI = api_settings.JTI_CLAIM
INHERITED = (api_settings.USER_ID_CLAIM, api_settings.REVOKE_TOKEN_CLAIM, FAMILY)


COLUMNS = [each.attname for each in Account._meta.concrete_fields]  # noqa: SLF001  documented
ACCOUNTS = Selection(Account.objects.all(), COLUMNS)


class TokenPair(TypedDict):
    access: str
    refresh: str


class AnyRefreshToken(RefreshToken):
    """A refresh token that may have been used already. `rotate` decides whether it is valid."""

    def check_blacklist(self) -> None:
        """Check nothing. The base class would refuse a used token."""


@transaction.atomic
def issue(account: Account) -> TokenPair:
    """Start a session with its family of refresh tokens. Raises InvalidToken if it was banned."""
    if not lock_admitted(account):
        raise InvalidToken
    refresh = RefreshToken.for_user(account)
    family = RefreshFamily(account=account, expires_at=_end_of(refresh))
    family.save(force_insert=True)
    refresh[FAMILY] = str(family.pk)
    update_last_login(Account, account)
    log.info("session.started", account=account.pk)
    return _pair(refresh, refresh.current_time)


def rotate(text: str) -> TokenPair:
    """Exchange a refresh token for its successor and an access token.

    Raises InvalidToken if the token is expired, revoked or broken, if its account is inactive,
    banned or deleted, and if it was first used more than GRACE ago, which also ends its family.
    """
    try:
        token = AnyRefreshToken(cast("Any", text))  # the stubs are wrong: it takes the text
    except TokenError as error:
        raise InvalidToken from error
    account_of(token)
    pair = _successor(token)
    if pair is None:
        raise InvalidToken
    return pair


def keep_no_text(instance: OutstandingToken, **_: Any) -> None:
    """Leave the text of a token out of the row that the library saves. Only its id is used."""
    instance.token = ""


def account_of(token: Token) -> Account:
    """The account of a token. Raises InvalidToken. 1 statement.

    The account must be admitted, its family must exist, and its password be the same.
    """
    claims = {
        "family": token.get(FAMILY),
        "account": token.get(api_settings.USER_ID_CLAIM),
        "now": timezone.now(),
    }
    # Every request asks this. Compiling it took more time than PostgreSQL needs to answer.
    for row in ACCOUNTS.within(KeyQuery("of a token", _account_of_a_token, claims)):
        account = Account.from_db(DEFAULT_DB_ALIAS, ACCOUNTS.columns, row.values())
        digest = get_md5_hash_password(account.password)
        if token.get(api_settings.REVOKE_TOKEN_CLAIM) == digest:
            return account
    raise InvalidToken


def _account_of_a_token() -> QuerySet[Account]:
    families = RefreshFamily.objects.filter(
        pk=Given("family", models.UUIDField()), account=OuterRef("pk")
    )
    accounts = admitted(at=Given("now", models.DateTimeField()))
    return accounts.filter(Exists(families), pk=Given("account", models.BigIntegerField()))


def end(token: Token) -> None:
    """Sign out here: end the family of this token."""
    RefreshFamily.objects.filter(pk=token.get(FAMILY)).delete()
    log.info("session.ended", family=token.get(FAMILY))


@transaction.atomic
def end_all(account: Account) -> None:
    """Sign out everywhere: end all families and all cookie sessions of the account. Keys stay."""
    # The lock waits for a sign-in of the same account, whose family would otherwise survive.
    Account.objects.select_for_update().get(pk=account.pk)
    RefreshFamily.objects.filter(account=account).delete()
    Account.objects.filter(pk=account.pk).update(session_version=F("session_version") + 1)
    account.refresh_from_db(fields=["session_version"])
    log.info("sessions.ended", account=account.pk)


@transaction.atomic
def _successor(token: AnyRefreshToken) -> TokenPair | None:
    """Return the pair after this token; None if its family has ended, now or earlier."""
    # The lock serialises the uses of a family. It also waits for a deletion of the account.
    family = RefreshFamily.objects.select_for_update().filter(pk=token.get(FAMILY)).first()
    if family is None:
        return None
    use, is_first = cast("tuple[BlacklistedToken, bool]", token.blacklist())
    successor = _following(token, use.blacklisted_at)
    if is_first:
        successor.outstand()
        family.expires_at = _end_of(successor)
        family.save(update_fields=["expires_at"])
    elif timezone.now() - use.blacklisted_at > GRACE or not (
        # Staff may have revoked the token before it got a successor.
        OutstandingToken.objects.filter(jti=successor[JTI]).exists()
    ):
        log.warning("refresh.reused", family=str(family.pk), account=family.account_id)
        family.delete()
        return None
    return _pair(successor, use.blacklisted_at)


def _following(token: RefreshToken, at: datetime) -> RefreshToken:
    """Compute the successor of a token that was first used at that time. It is always the same."""
    successor = RefreshToken()
    successor.payload.update({claim: token[claim] for claim in INHERITED})
    return _dated(successor, token[JTI], at)


def _pair(refresh: RefreshToken, at: datetime) -> TokenPair:
    access = _dated(refresh.access_token, refresh[JTI], at)
    return {"access": str(access), "refresh": str(refresh)}


def _dated(token: Kind, ancestor: str, at: datetime) -> Kind:
    """Make a new token reproducible: derive its id from the ancestor, and its dates from `at`."""
    salt = f"authentication.tokens.{token.token_type}"
    token[JTI] = salted_hmac(salt, ancestor).hexdigest()
    token.set_iat(at_time=at)
    token.set_exp(from_time=at)
    token.current_time = at
    return token


def _end_of(token: RefreshToken) -> datetime:
    return token.current_time + cast("timedelta", token.lifetime)
