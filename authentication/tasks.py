"""Housekeeping of sessions."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from authentication.models import RefreshFamily
from core.tasks import BaseTask


@shared_task(name="authentication.flush_expired_tokens", base=BaseTask)
def flush_expired_tokens() -> int:
    """Delete refresh tokens that have expired, with their blacklist rows and families."""
    now = timezone.now()
    RefreshFamily.objects.filter(expires_at__lte=now).delete()
    return OutstandingToken.objects.filter(expires_at__lte=now).delete()[0]
