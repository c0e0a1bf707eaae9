"""Who may do what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from core.users.models import Account
from settings import current

if TYPE_CHECKING:  # rest_framework.views imports this module, by its name in the settings
    from rest_framework.views import APIView


def signed_in(request: Request) -> Account:
    """Who sends the request, in a view that strangers do not reach."""
    if not isinstance(request.user, Account):
        raise NotAuthenticated
    return request.user


class MayRead(BasePermission):
    """Everybody reads, unless an admin made reading private; whoever is signed in also writes."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the request may go on; a method that the view lacks may, to be answered 405."""
        if request.user.is_authenticated or request.method not in view.allowed_methods:
            return True
        return request.method in SAFE_METHODS and not current.private_reading(request)
