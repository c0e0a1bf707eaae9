"""Mails, and housekeeping of sessions."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from authentication import mails
from authentication.models import ApiKey, PendingAccount, RefreshFamily
from core.models import IdempotencyKey
from core.tasks import BaseTask

KEPT_KEYS = timedelta(days=7)
"""For so long after its end, the list of keys shows that one has expired."""


@shared_task(name="authentication.flush_expired_tokens", base=BaseTask)
def flush_expired_tokens() -> int:
    """Delete what has expired: refresh tokens, registrations, keys, and repeatable answers."""
    now = timezone.now()
    ApiKey.objects.filter(expires_at__lte=now - KEPT_KEYS).delete()
    IdempotencyKey.objects.filter(created_at__lte=now - IdempotencyKey.LIFETIME).delete()
    PendingAccount.objects.filter(created_at__lte=now - PendingAccount.LIFETIME).delete()
    RefreshFamily.objects.filter(expires_at__lte=now).delete()
    return OutstandingToken.objects.filter(expires_at__lte=now).delete()[0]


@shared_task(name="authentication.send_mails", base=BaseTask)
def send_mails() -> int:
    """Send the mails that are due."""
    return mails.send_due()
