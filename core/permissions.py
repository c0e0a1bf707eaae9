"""Permissions that features declare by name.

    permissions.declare("studio.render", "Can render videos", groups=["Editors"])    # in ready()

Each `migrate` writes them into Django's table, so staff grants them in the admin.
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
    """The description of a permission, and the groups that get it when it is new."""

    description: str
    groups: tuple[str, ...]


_declared: Registry[Declared] = Registry()


def declare(name: str, description: str, *, groups: Sequence[str] = ()) -> None:
    """Declare a permission. `name` is `label.verb`, at most 100 characters."""
    _declared.register(name, Declared(description, (*groups,)))


def holds(account: Account, name: str) -> bool:
    """Whether the account holds the permission, directly or by a group. Superusers hold all.

    1 statement per account object, which keeps its permissions. Raises LookupError if the
    permission is not declared: a typing error must not read as a refusal.
    """
    if name not in _declared:
        raise LookupError(f"the permission {name} is not declared")
    return account.is_active and (account.is_superuser or name in _granted(account))


def _granted(account: Account) -> frozenset[str]:
    """The declared permissions of the account. Django's own backend would read all, in 2 steps."""
    kept = vars(account)
    if "granted" not in kept:
        rows = Permission.objects.filter(content_type__model=FeaturePermission._meta.model_name)  # noqa: SLF001  Django's public API
        names = rows.filter(user=account).union(rows.filter(group__user=account))
        kept["granted"] = frozenset(names.values_list("codename", flat=True))
    found: frozenset[str] = kept["granted"]
    return found


@transaction.atomic
def sync() -> None:
    """Write the declared permissions. 1 statement if there is nothing to do."""
    # Groups get a permission only when it is new, so that staff can take it from them. Permissions
    # that are declared no longer stay: the grants survive if a feature is taken out for a while.
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
