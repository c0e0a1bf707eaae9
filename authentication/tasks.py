"""Tidying up by itself."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from core.tasks import BaseTask


@shared_task(name="authentication.flush_expired_tokens", base=BaseTask)
def flush_expired_tokens() -> int:
    """Delete refresh tokens that nobody could use any more, with their blacklist rows."""
    expired = OutstandingToken.objects.filter(expires_at__lte=timezone.now())
    return expired.delete()[0]
