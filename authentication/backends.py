"""The backend of password and cookie sign-in."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend

from authentication.admission import admitted
from core.users.models import Account


class AdmittedBackend(ModelBackend):
    """Refuses accounts that are inactive or banned, at sign-in and at each request of a session."""

    def get_user(self, user_id: Any) -> Account | None:
        """The account of a cookie session; None ends the session. 1 statement."""
        return admitted().filter(pk=user_id).first()

    def user_can_authenticate(self, user: Any) -> bool:
        return admitted().filter(pk=user.pk).exists()
