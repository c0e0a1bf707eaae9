"""Sign-in and registration."""

from __future__ import annotations

from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from rest_framework.exceptions import AuthenticationFailed

from authentication import tokens
from authentication.tokens import TokenPair
from core.users.models import Account


class WeakPassword(ValidationError):
    """The password is too easy to guess; `messages` say why."""


class AddressRefused(Exception):
    """No account can be created for the address. The error does not say why."""


def log_in(*, email: str, password: str) -> TokenPair:
    """Start a session. Raises AuthenticationFailed."""
    return tokens.issue(authenticated(email=email, password=password))


def authenticated(*, email: str, password: str) -> Account:
    """The account with this address and password. Raises AuthenticationFailed."""
    # Error and duration are the same for an unknown address, a wrong password and an inactive
    # account, because Django's backend hashes a password in each case. So no client can find out
    # which addresses have accounts.
    account = authenticate(email=email, password=password)
    if not isinstance(account, Account):
        raise AuthenticationFailed("Wrong e-mail address or password.")
    return account


def register(*, email: str, password: str, name: str = "") -> Account:
    """Create an account. Raises WeakPassword or AddressRefused."""
    try:
        validate_password(password, user=Account(email=email, name=name))
    except ValidationError as error:
        raise WeakPassword(error) from error
    try:
        with transaction.atomic():
            return Account.objects.create_user(email, password, name=name)
    except IntegrityError as error:
        raise AddressRefused from error
