"""Rights: the scopes of the archive, and the roles that hold them.

A scope is a permission of an account, and a limit of an API key: with a key, an account may do what
both allow. A role is a group of Django's, which staff can change; more roles are more groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from rest_framework.request import Request

from core import permissions
from core.users.models import Account


class Role(StrEnum):
    """The roles that each archive starts with: the names of their groups."""

    VIEWER = "Viewer"
    ARCHIVIST = "Archivist"
    ADMIN = "Admin"


class Scope(StrEnum):
    """What an account or a key may do. The value is also the name of the permission."""

    READ = "archive:read"
    WRITE = "archive:write"
    INGEST = "ingest"
    FILES = "files:write"
    ADMIN = "admin:read"


GRANTS: dict[Scope, tuple[str, tuple[Role, ...]]] = {
    Scope.READ: ("Can read the archive while it is private", (*Role,)),
    Scope.WRITE: ("Can add profiles and start runs", (Role.ARCHIVIST, Role.ADMIN)),
    Scope.INGEST: ("Can hand in stories from other programs", (Role.ADMIN,)),
    Scope.FILES: ("Can store files", (Role.ARCHIVIST, Role.ADMIN)),
    Scope.ADMIN: ("Can read what staff reads, such as costs", (Role.ADMIN,)),
}
"""The description of each permission, and the roles that have it at first."""


def declare() -> None:
    """Declare the permission of each scope."""
    for scope, (description, roles) in GRANTS.items():
        permissions.declare(scope, description, groups=roles)


def key_scopes(request: Request) -> Sequence[str] | None:
    """The scopes of the API key that authenticates the request; None without a key."""
    return getattr(request.auth, "scopes", None)


def may(request: Request, scope: Scope) -> bool:
    """Whether the account of the request holds the scope, and its key, if any, has it.

    1 statement per account object.
    """
    scopes = key_scopes(request)
    if scopes is not None and scope not in scopes:
        return False
    return isinstance(request.user, Account) and permissions.holds(request.user, scope)
