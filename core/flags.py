"""Feature flags: what is shown to all, to a role, or to an account.

    flags.declare("studio.video", "Videos in the studio")    # in ready()
    flags.is_active("studio.video", request.user)

Each `migrate` writes them into a table, in which staff switches them. A new flag is off.
"""

from __future__ import annotations

from django.db.models import Q

from core.models import FeatureFlag
from core.registry import Registry
from core.users.models import Account

_declared: Registry[str] = Registry()


def declare(name: str, description: str) -> None:
    """Declare a flag. `name` is `label.something`, at most 100 characters."""
    _declared.register(name, description)


def is_active(name: str, account: object) -> bool:
    """Whether the flag is active for the account; for all, if it is no account but a stranger.

    1 statement per account object, which keeps its flags. Raises LookupError if the flag is not
    declared: a typing error must not read as "off".
    """
    if name not in _declared:
        raise LookupError(f"the flag {name} is not declared")
    return name in active(account)


def active(account: object) -> frozenset[str]:
    """The declared flags that are active for the account. 1 statement per account object."""
    kept = vars(account) if isinstance(account, Account) else {}
    if "active_flags" not in kept:
        kept["active_flags"] = _read(account)
    found: frozenset[str] = kept["active_flags"]
    return found


def _read(account: object) -> frozenset[str]:
    reached = Q(is_on_for_all=True)
    if isinstance(account, Account):
        reached |= Q(accounts=account) | Q(roles__user=account)
    names = FeatureFlag.objects.filter(reached).values_list("name", flat=True)
    return frozenset(name for name in names if name in _declared)


def sync() -> None:
    """Write the declared flags. 1 statement if there is nothing to do.

    Flags that are declared no longer stay, as they were switched.
    """
    known = {each.name: each for each in FeatureFlag.objects.all()}
    for name, description in _declared:
        flag = known.get(name) or FeatureFlag(name=name)
        if flag.description != description:
            flag.description = description
            flag.save()
