"""Sign-in with Google.

An account belongs to a user of a Firebase project after it was linked. The address alone never
decides: an account that has a password or staff rights is linked only with its password.
"""

from __future__ import annotations

import structlog
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from rest_framework.exceptions import AuthenticationFailed

from authentication import actions, firebase, links, registration, second_factor, tokens
from authentication.admission import admitted
from authentication.firebase import GoogleUser, InvalidToken
from authentication.models import GoogleIdentity
from authentication.tokens import TokenPair
from core.users.models import Account

log = structlog.get_logger("security")


class LinkRequired(Exception):
    """An account with this address exists. Its password links it to Google."""


def sign_in(token: str, *, code: str = "") -> TokenPair:
    """Start a session for the user of an ID token, who gets an account at the first time.

    Raises InvalidToken (also for a banned account), LinkRequired, NotAdmitted, FirebaseError, and
    AuthenticationFailed if a second factor is needed.
    """
    user = _verified(firebase.user_of(token))
    account = _linked(user) or _new(user)
    if not admitted().filter(pk=account.pk).exists():
        raise InvalidToken
    second_factor.check(account, code)
    return tokens.issue(account)


def link(token: str, *, password: str, code: str = "") -> TokenPair:
    """Link the account with the user's address to the user, and start a session.

    Raises InvalidToken, FirebaseError, and AuthenticationFailed for a wrong password.
    """
    user = _verified(firebase.user_of(token))
    account = actions.authenticated(email=user.email, password=password)
    second_factor.check(account, code)
    try:
        with transaction.atomic():
            _link(account, user)
    except IntegrityError:  # one of the two is linked already
        if _linked(user) != account:
            raise AuthenticationFailed("The account is linked to another Google user.") from None
    return tokens.issue(account)


def _linked(user: GoogleUser) -> Account | None:
    found = GoogleIdentity.objects.filter(project=user.project, uid=user.uid)
    identity = found.select_related("account").first()
    return identity.account if identity else None


def _new(user: GoogleUser) -> Account:
    """Make the account of a user who has none."""
    if Account.objects.filter(email__lower=user.email).exists():
        raise LinkRequired
    registration.refuse_strangers(user.email, is_confirmed=True)
    try:
        return _created(user)
    except (IntegrityError, links.InvalidLink):  # a request at the same time was faster
        if account := _linked(user):
            return account
        raise LinkRequired from None


@transaction.atomic
def _created(user: GoogleUser) -> Account:
    account = registration.create(
        email=user.email,
        name=user.name,
        password=make_password(None),
        role=registration.use_invitations(user.email),
        photo_url=user.photo_url,
    )
    _link(account, user)
    return account


def _link(account: Account, user: GoogleUser) -> None:
    GoogleIdentity.objects.create(account=account, project=user.project, uid=user.uid)
    log.info("google.linked", account=account.pk, project=user.project)


def _verified(user: GoogleUser) -> GoogleUser:
    """The user, whose address Google has confirmed. Raises InvalidToken."""
    if not user.email_verified or not user.email or not user.email.isascii():
        raise InvalidToken
    return user
