"""Permissions of the REST API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from core import permissions
from core.users.models import Account
from settings import current

if TYPE_CHECKING:  # rest_framework.views imports this module, named in the settings
    from rest_framework.views import APIView


def signed_in(request: Request) -> Account:
    """The user of a request to a view that requires authentication."""
    if not isinstance(request.user, Account):
        raise NotAuthenticated
    return request.user


class MayRead(BasePermission):
    """Reading is public unless an admin made it private; writing requires authentication."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Allows a method that the view lacks, so that the answer is 405 instead of 401."""
        if request.user.is_authenticated or request.method not in view.allowed_methods:
            return True
        return request.method in SAFE_METHODS and not current.reading(request).is_private


def needs(name: str) -> type[BasePermission]:
    """The permission class of a view for which an account must hold a declared permission."""

    class Needs(BasePermission):
        def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002  of DRF
            return isinstance(request.user, Account) and permissions.holds(request.user, name)

    return Needs
