"""What people do with their account."""

from __future__ import annotations

import structlog
from django.contrib.auth import authenticate, login
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from rest_framework.exceptions import AuthenticationFailed

from authentication import keys, links, mails, second_factor, tokens
from authentication.models import OutgoingMail
from authentication.registration import check_password
from authentication.tokens import TokenPair
from core.users.addresses import normalised
from core.users.models import Account

log = structlog.get_logger("security")


class LastSuperuser(Exception):
    """Without this account, no account could manage the archive."""


def log_in(*, email: str, password: str, code: str = "") -> TokenPair:
    """Start a session of a client. Raises AuthenticationFailed, also for a missing code."""
    account = authenticated(email=email, password=password)
    second_factor.check(account, code)
    return tokens.issue(account)


def sign_in(request: HttpRequest, *, email: str, password: str, code: str = "") -> Account:
    """Start a cookie session, for pages of our own origin. Raises as `log_in` does."""
    account = authenticated(email=email, password=password)
    pass_second_factor(request, account, code=code)
    return account


def pass_second_factor(request: HttpRequest, account: Account, *, code: str) -> None:
    """Start a cookie session of an account whose password was right, if the code is right too.

    Raises as `second_factor.check` does.
    """
    has_factor = second_factor.check(account, code)
    start_session(request, account)
    if has_factor:
        second_factor.note(request)


def start_session(request: HttpRequest, account: Account) -> None:
    """Start a cookie session of an account that has proven itself."""
    login(request, account)
    log.info("session.started", account=account.pk)


def authenticated(*, email: str, password: str) -> Account:
    """The account with this address and password. Raises AuthenticationFailed.

    Its second factor, if it has one, is not checked.
    """
    # Error and duration are the same for an unknown address, a wrong password and an inactive
    # account, because Django's backend hashes a password in each case. So no client can find out
    # which addresses have accounts.
    account = authenticate(email=email, password=password)
    if not isinstance(account, Account):
        raise AuthenticationFailed("Wrong e-mail address or password.")
    return account


def confirmed(account: Account, password: str) -> Account:
    """The account, whose owner has entered its password again. Raises AuthenticationFailed."""
    if not account.check_password(password):
        raise AuthenticationFailed("Wrong password.")
    return account


def request_reset(*, email: str, origin: str) -> None:
    """Mail a link that sets a new password, if the address has an account."""
    mails.queue(OutgoingMail.Kind.RESET, to=normalised(email), origin=origin)


@transaction.atomic
def reset_password(token: str, *, password: str, origin: str) -> None:
    """Set the password, end all sessions and revoke all keys. Raises InvalidLink or WeakPassword.

    The old password or a key may be in the hands of another person.
    """
    account = links.account_to_reset(token)
    _set_password(account, password)
    keys.revoke_all(account)
    mails.notify(account, "A new password was set through a mail.", origin=origin)


@transaction.atomic
def change_password(account: Account, *, password: str, origin: str) -> TokenPair:
    """Set the password and end all other sessions. Keys stay. Raises WeakPassword."""
    _set_password(account, password)
    mails.notify(account, "Its password was changed.", origin=origin)
    return tokens.issue(account)


def _set_password(account: Account, password: str) -> None:
    check_password(password, email=account.email, name=account.name)
    account.set_password(password)
    account.save(update_fields=["password"])
    tokens.end_all(account)
    log.warning("password.changed", account=account.pk)


def change_profile(account: Account, **values: str) -> None:
    """Change the name or the picture, which need no password."""
    for name, value in values.items():
        setattr(account, name, value)
    account.save(update_fields=[*values])


def request_email(account: Account, *, email: str, origin: str) -> None:
    """Mail a link to the new address, which confirms it."""
    mails.queue(
        OutgoingMail.Kind.CHANGE_EMAIL, to=normalised(email), origin=origin, account=account
    )


def change_email(token: str, *, origin: str) -> Account:
    """Give the account its confirmed address, and tell the former one. Raises InvalidLink."""
    account, email = links.change_of_email(token)
    former, account.email = account.email, email
    try:
        with transaction.atomic():
            account.save(update_fields=["email"])
            text = f"Its address is {email} now."
            mails.notify(account, text, origin=origin, to=former)
    except IntegrityError as error:  # the address has got another account meanwhile
        raise links.InvalidLink from error
    log.warning("email.changed", account=account.pk)
    return account


@transaction.atomic
def deactivate(account: Account) -> None:
    """End the use of the account. Only staff can activate it again. Raises LastSuperuser."""
    _spare_the_last(account)
    account.is_active = False
    account.save(update_fields=["is_active"])
    tokens.end_all(account)
    keys.revoke_all(account)
    log.warning("account.deactivated", account=account.pk)


@transaction.atomic
def delete(account: Account) -> None:
    """Delete the account and what is its own. What it added to the archive stays.

    Raises LastSuperuser.
    """
    _spare_the_last(account)
    log.warning("account.deleted", account=account.pk)
    account.delete()


def _spare_the_last(account: Account) -> None:
    # The lock serialises two superusers who leave at the same time.
    rows = Account.objects.select_for_update().filter(is_superuser=True, is_active=True)
    others = [each for each in rows if each.pk != account.pk]
    if account.is_superuser and not others:
        raise LastSuperuser
