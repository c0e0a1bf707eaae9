"""Permissions that features declare by name, as rows of Django's own.

    permissions.declare("studio.render", "Can render videos", groups=["Editors"])    # in ready()

Each `migrate` writes them, so staff grants them in the admin like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from core.models import FeaturePermission
from core.registry import Registry
from core.users.models import Account


@dataclass(frozen=True, slots=True)
class Declared:
    """What a name stands for, and the groups that hold it from the start."""

    description: str
    groups: tuple[str, ...]


_declared: Registry[Declared] = Registry()


def declare(name: str, description: str, *, groups: Sequence[str] = ()) -> None:
    """Add a permission. `name` is `label.verb`, 100 characters at most."""
    _declared.register(name, Declared(description, (*groups,)))


def holds(account: Account, name: str) -> bool:
    """Whether the account holds a permission, itself or by a group; superusers hold all.

    At most 2 statements for an account, then its permissions are known. Raises LookupError for a
    name that nobody has declared.
    """
    if name not in _declared:
        raise LookupError(f"the permission {name} is not declared")
    return account.has_perm(f"{FeaturePermission._meta.app_label}.{name}")  # noqa: SLF001  Django's public API


@transaction.atomic
def sync() -> None:
    """Write what is declared. 1 statement when nothing is to be done.

    Groups get a permission only when it is new: what staff takes from them stays taken. What is
    declared no longer stays too, so that grants outlive a feature that is taken out for a while.
    """
    kind = ContentType.objects.get_for_model(FeaturePermission)
    known = {each.codename: each for each in Permission.objects.filter(content_type=kind)}
    for name, declared in _declared:
        if name not in known:
            _grant(
                Permission(content_type=kind, codename=name, name=declared.description), declared
            )
        elif known[name].name != declared.description:
            known[name].name = declared.description
            known[name].save(update_fields=["name"])


def _grant(permission: Permission, declared: Declared) -> None:
    permission.save()
    for name in declared.groups:
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.add(permission)
