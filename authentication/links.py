"""The tokens in the links of mails: signed, for one purpose, with an end, and good for one use.

A token is bound to the state that its use changes, such as the hash of the password. That makes it
invalid after its use without a table of used tokens.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, TypeVar

from django.core import signing
from django.db.models import Model
from django.utils.crypto import constant_time_compare, salted_hmac

from authentication.admission import admitted
from authentication.models import Invitation, PendingAccount
from core.users.models import Account

LIFETIME_OF_RESET = timedelta(hours=1)
LIFETIME_OF_CHANGE = timedelta(days=1)


Kind = TypeVar("Kind", bound=Model)


class InvalidLink(Exception):
    """The token is wrong, expired or used. Its message is for people."""

    def __init__(self) -> None:
        super().__init__("This link is not valid any more. Ask for a new one.")


def to_confirm(pending: PendingAccount) -> str:
    return _signed("confirm", pending.pk.hex)


def pending_of(token: str) -> PendingAccount:
    """The registration that the token confirms. Raises InvalidLink."""
    found = PendingAccount.objects.filter(pk=_read("confirm", token, PendingAccount.LIFETIME))
    return _existing(found.first())


def to_accept(invitation: Invitation) -> str:
    return _signed("invite", invitation.pk)


def invitation_of(token: str) -> Invitation:
    """The open invitation of the token. Raises InvalidLink."""
    found = Invitation.objects.open().filter(pk=_read("invite", token, Invitation.LIFETIME))
    return _existing(found.select_related("role").first())


def to_reset(account: Account) -> str:
    return _signed("reset", [account.pk, _state(account)])


def account_to_reset(token: str) -> Account:
    """The account whose password the token may set. Raises InvalidLink."""
    pk, state = _read("reset", token, LIFETIME_OF_RESET)
    return _unchanged(pk, state)


def to_change_email(account: Account, email: str) -> str:
    return _signed("email", [account.pk, email, _state(account)])


def change_of_email(token: str) -> tuple[Account, str]:
    """The account and its new address. Raises InvalidLink."""
    pk, email, state = _read("email", token, LIFETIME_OF_CHANGE)
    return _unchanged(pk, state), email


def _unchanged(pk: int, state: str) -> Account:
    account = admitted().filter(pk=pk).first()
    if account is None or not constant_time_compare(_state(account), state):
        raise InvalidLink
    return account


def _state(account: Account) -> str:
    both = f"{account.email} {account.password} {account.session_version}"
    return salted_hmac("authentication.links", both, algorithm="sha256").hexdigest()[:32]


def _signed(purpose: str, value: Any) -> str:
    return signing.dumps(value, salt=f"authentication.links.{purpose}")


def _read(purpose: str, token: str, lifetime: timedelta) -> Any:
    try:
        return signing.loads(token, salt=f"authentication.links.{purpose}", max_age=lifetime)
    except signing.BadSignature as error:
        raise InvalidLink from error


def _existing(found: Kind | None) -> Kind:
    if found is None:
        raise InvalidLink
    return found
