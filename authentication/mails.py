"""Mails to accounts: PostgreSQL is their queue.

queue ──▶ OutgoingMail ──▶ send_due: written, sent, deleted
                ▲               │ the server failed: later, up to 8 attempts
                └───────────────┘
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import islice
from urllib.parse import quote

import structlog
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.db import transaction
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from rest_framework.request import Request

from authentication import links
from authentication.admission import admitted
from authentication.models import Invitation, OutgoingMail, PendingAccount
from core.tasks import send_on_commit
from core.users.models import Account

log = structlog.get_logger(__name__)

BATCH = 50
LEASE = timedelta(minutes=2)
Kind = OutgoingMail.Kind
Written = tuple[str, dict[str, str]]


def origin_of(request: Request | HttpRequest) -> str:
    """The address of our own pages, for links in mails. Django has checked its host."""
    return request.build_absolute_uri("/").rstrip("/")


def queue(
    kind: OutgoingMail.Kind,
    *,
    to: str,
    origin: str,
    account: Account | None = None,
    subject_id: str = "",
    text: str = "",
) -> None:
    """Queue a mail in the caller's transaction. `origin` is `https://host` of our own pages."""
    OutgoingMail.objects.create(
        kind=kind, to=to, origin=origin, account=account, subject_id=subject_id, text=text
    )
    send_on_commit("authentication.send_mails")


def notify(account: Account, text: str, *, origin: str, to: str = "") -> None:
    """Queue a notice that the owner of an account must not miss, to its address by default."""
    queue(Kind.NOTICE, to=to or account.email, origin=origin, account=account, text=text)


def send_due() -> int:
    """Send the mails that are due, up to 50. Returns how many were sent."""
    claimed = islice(iter(_claim, None), BATCH)
    return sum(_send(mail) for mail in claimed if mail)


@transaction.atomic
def _claim() -> OutgoingMail | None:
    """A due mail with a lease, which is longer than a send, so that two workers never send it."""
    now = timezone.now()
    due = OutgoingMail.objects.filter(next_attempt_at__lte=now).order_by("next_attempt_at")
    mail: OutgoingMail | None = due.select_for_update(skip_locked=True).first()
    if mail is not None:
        mail.attempts += 1
        mail.next_attempt_at = now + LEASE * 2**mail.attempts
        mail.save(update_fields=["attempts", "next_attempt_at"])
    return mail


def _send(mail: OutgoingMail) -> bool:
    message = _message(mail)
    if message is None:
        mail.delete()
        return False
    try:
        message.send()
    # smtplib's errors are OSErrors. A ValueError is about the mail itself, such as its address.
    except (OSError, ImproperlyConfigured, ValueError) as error:
        _failed(mail, error)
        return False
    mail.delete()
    return True


def _failed(mail: OutgoingMail, error: Exception) -> None:
    mail.error = type(error).__name__
    log.warning("mail.failed", mail=mail.pk, attempts=mail.attempts, error=mail.error)
    if mail.attempts >= OutgoingMail.MAX_ATTEMPTS:
        log.error("mail.given_up", mail=mail.pk, kind=mail.kind)
        mail.delete()
    else:
        mail.save(update_fields=["error"])


def _message(mail: OutgoingMail) -> EmailMessage | None:
    """The mail as it is sent; None if there is nothing to say any more."""
    written = WRITERS[Kind(mail.kind)](mail)
    if written is None:
        return None
    template, facts = written
    text = render_to_string(
        f"authentication/mails/{template}.txt", {"origin": mail.origin, "to": mail.to, **facts}
    )
    subject, _, body = text.partition("\n")
    return EmailMessage(subject.strip(), body.strip() + "\n", None, [mail.to])


def _confirm(mail: OutgoingMail) -> Written | None:
    if _account_at(mail.to):
        return "known", {}
    pending = PendingAccount.objects.filter(pk=mail.subject_id).first()
    return ("confirm", _link(mail, "verify-email", links.to_confirm(pending))) if pending else None


def _reset(mail: OutgoingMail) -> Written | None:
    account = _account_at(mail.to)
    return ("reset", _link(mail, "set-password", links.to_reset(account))) if account else None


def _change_email(mail: OutgoingMail) -> Written | None:
    if _account_at(mail.to) or mail.account is None:
        return "known", {}
    token = links.to_change_email(mail.account, mail.to)
    return "change_email", _link(mail, "confirm-email", token)


def _invite(mail: OutgoingMail) -> Written | None:
    found = Invitation.objects.open().filter(pk=mail.subject_id).first()
    return ("invite", _link(mail, "accept-invitation", links.to_accept(found))) if found else None


def _notice(mail: OutgoingMail) -> Written | None:
    return "notice", {"text": mail.text}


WRITERS: dict[OutgoingMail.Kind, Callable[[OutgoingMail], Written | None]] = {
    Kind.CONFIRM: _confirm,
    Kind.RESET: _reset,
    Kind.CHANGE_EMAIL: _change_email,
    Kind.INVITE: _invite,
    Kind.NOTICE: _notice,
}
"""The template of each kind, and what the mail says; None if its subject is gone."""


def _account_at(address: str) -> Account | None:
    return admitted().filter(email__lower=address).first()


def _link(mail: OutgoingMail, page: str, token: str) -> dict[str, str]:
    return {"link": f"{mail.origin}/account/{page}/?token={quote(token)}"}
