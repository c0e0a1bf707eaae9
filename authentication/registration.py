"""Who becomes an account, and with which role."""

from __future__ import annotations

from typing import Any

import structlog
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from authentication import links, mails
from authentication.models import Invitation, OutgoingMail, PendingAccount
from core.users.addresses import normalised
from core.users.models import Account
from settings import current
from settings.models import Registration

log = structlog.get_logger("security")


class WeakPassword(ValidationError):
    """The password is too easy to guess; `messages` say why."""


class NotAdmitted(Exception):
    """The setting does not let this person make an account. The message says why."""


def check_password(password: str, **facts: str) -> None:
    """Raise WeakPassword if the password is easy to guess, also from these facts of the account."""
    try:
        validate_password(password, user=Account(**facts))
    except ValidationError as error:
        raise WeakPassword(error) from error


def register(*, email: str, password: str, name: str, origin: str) -> None:
    """Keep the registration, and mail a link to the address. Raises WeakPassword or NotAdmitted.

    It does the same for an address that has an account; only the mail is another.
    """
    refuse_strangers(email)
    check_password(password, email=email, name=name)
    pending = PendingAccount(email=normalised(email), name=name, password=make_password(password))
    with transaction.atomic():
        pending.save(force_insert=True)
        mails.queue(
            OutgoingMail.Kind.CONFIRM, to=pending.email, origin=origin, subject_id=pending.pk.hex
        )


def confirm(token: str) -> Account:
    """Make the account of a confirmed registration. Raises InvalidLink.

    The link is used up, and other registrations of the address with it.
    """
    pending = links.pending_of(token)
    account = create(email=pending.email, name=pending.name, password=pending.password)
    PendingAccount.objects.filter(email=pending.email).delete()
    return account


@transaction.atomic
def invite(invitation: Invitation, *, origin: str) -> None:
    """Save the invitation, and mail its link."""
    invitation.save()
    mails.queue(
        OutgoingMail.Kind.INVITE,
        to=invitation.email,
        origin=origin,
        subject_id=str(invitation.pk),
    )
    log.info("account.invited", invitation=invitation.pk)


@transaction.atomic
def accept(token: str, *, password: str, name: str) -> Account:
    """Make the account of an invited person. Raises InvalidLink or WeakPassword."""
    invitation = links.invitation_of(token)
    check_password(password, email=invitation.email, name=name)
    role = invitation.role.name if invitation.role else None
    account = create(email=invitation.email, name=name, password=make_password(password), role=role)
    use_invitations(account.email)
    return account


def refuse_strangers(email: str, *, is_confirmed: bool = False) -> None:
    """Raise NotAdmitted unless the setting lets this address register.

    An invitation counts only if the person has shown that the address is theirs.
    """
    access = current.access()
    match access.registration:
        case Registration.CLOSED:
            raise NotAdmitted("Registration is closed.")
        case Registration.INVITATION if not (is_confirmed and _invitations(email).exists()):
            raise NotAdmitted("Registration is by invitation. Use the link of your invitation.")
        case Registration.DOMAINS if email.lower().rpartition("@")[2] not in (
            access.registration_domains
        ):
            raise NotAdmitted("Registration is for certain mail domains only.")


def use_invitations(email: str) -> str | None:
    """Accept the open invitations of an address. Returns the role of the newest, if it has one."""
    newest = _invitations(email).select_related("role").order_by("-created_at").first()
    _invitations(email).update(accepted_at=timezone.now())
    return newest.role.name if newest and newest.role else None


def create(
    *, email: str, name: str, password: str, role: str | None = None, **facts: Any
) -> Account:
    """Create an account from the hash of its password. Raises InvalidLink if the address has one.

    It gets the role, or that of the setting.
    """
    account = Account(email=normalised(email), name=name, password=password, **facts)
    try:
        with transaction.atomic():
            account.save(force_insert=True)
            give_role(account, current.access().default_role if role is None else role)
    except IntegrityError as error:
        raise links.InvalidLink from error
    log.info("account.made", account=account.pk)
    return account


def give_role(account: Account, name: str) -> None:
    """Add the account to a role. A role that does not exist, or "", is none."""
    account.groups.add(*Group.objects.filter(name=name))


def _invitations(email: str) -> Any:
    return Invitation.objects.open().filter(email__lower=normalised(email))
