"""Mails, and housekeeping of sessions."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from authentication import mails
from authentication.models import PendingAccount, RefreshFamily
from core.tasks import BaseTask


@shared_task(name="authentication.flush_expired_tokens", base=BaseTask)
def flush_expired_tokens() -> int:
    """Delete refresh tokens and registrations that have expired, with what belongs to them."""
    now = timezone.now()
    PendingAccount.objects.filter(created_at__lte=now - PendingAccount.LIFETIME).delete()
    RefreshFamily.objects.filter(expires_at__lte=now).delete()
    return OutstandingToken.objects.filter(expires_at__lte=now).delete()[0]


@shared_task(name="authentication.send_mails", base=BaseTask)
def send_mails() -> int:
    """Send the mails that are due."""
    return mails.send_due()
