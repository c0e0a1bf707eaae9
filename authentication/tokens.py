"""Pairs of access and refresh tokens.

An access token is believed for five minutes; a refresh token is good for one use in 30 days. Both
carry a digest of the password, so that a new password ends every session.
"""

from __future__ import annotations

from typing import Any, TypedDict, cast

from django.contrib.auth.models import update_last_login
from django.db import transaction
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.tokens import RefreshToken

from core.users.models import Account


class TokenPair(TypedDict):
    """What a client keeps."""

    access: str
    refresh: str


def issue(account: Account) -> TokenPair:
    """Start a session."""
    refresh = RefreshToken.for_user(account)
    update_last_login(Account, account)
    return {"access": str(refresh.access_token), "refresh": str(refresh)}


@transaction.atomic
def rotate(text: str) -> TokenPair:
    """Exchange a refresh token for a new pair, once.

    Raises InvalidToken when it is expired, used, revoked or broken, and when its account is
    inactive or gone.
    """
    try:
        token = RefreshToken(cast("Any", text))  # typed wrongly there: it takes the text
        account = cast("Account", JWTAuthentication().get_user(token))
    except (TokenError, AuthenticationFailed) as error:
        raise InvalidToken from error
    _, first_use = cast("tuple[Any, bool]", token.blacklist())
    if not first_use:  # somebody else used it between the check above and now
        raise InvalidToken
    return issue(account)
