"""Permissions of the REST API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from core import permissions
from core.scopes import Scope, key_scopes, may
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
    """Reading is public unless an admin made it private; writing requires `archive:write`.

    Allows a method that the view lacks, so that the answer is 405 instead of 401.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        if request.method not in view.allowed_methods:
            return True
        if request.method in SAFE_METHODS:
            return not current.reading(request).is_private or may(request, Scope.READ)
        return may(request, Scope.WRITE)


class HasSession(BasePermission):
    """A person who signed in. An API key must not change its account or make keys."""

    message = "This needs a session. An API key is not enough."

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002  of DRF
        return request.user.is_authenticated and key_scopes(request) is None


class ReadsAsStaff(BasePermission):
    """Staff, and accounts with `admin:read`. A key needs that scope in either case."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002  of DRF
        if may(request, Scope.ADMIN):
            return True
        is_staff = isinstance(request.user, Account) and request.user.is_staff
        scopes = key_scopes(request)
        return is_staff and (scopes is None or Scope.ADMIN in scopes)


def needs(name: str) -> type[BasePermission]:
    """The permission class of a view for which an account must hold a declared permission."""

    class Needs(BasePermission):
        def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002  of DRF
            return isinstance(request.user, Account) and permissions.holds(request.user, name)

    return Needs


def needs_key(scope: Scope) -> type[BasePermission]:
    """The permission class of a view for programs: an API key with the scope, and nothing else."""

    class NeedsKey(BasePermission):
        message = f"This needs an API key with the scope {scope}."

        def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002  of DRF
            return key_scopes(request) is not None and may(request, scope)

    return NeedsKey
