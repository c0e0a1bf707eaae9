"""Who may do what: every operation with every role and key scope, as a table that people read.

After a wanted change, write the table again: RENEW_RIGHTS=1 ./dev test tests/test_rights.py
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.urls import resolve
from rest_framework.exceptions import APIException
from rest_framework.test import APIRequestFactory, force_authenticate

from authentication.models import ApiKey
from core.scopes import Role, Scope
from core.users.models import Account
from settings.models import AccessSetting
from tests.support.sources import ROOT

SNAPSHOT = ROOT / "tests/snapshots/rights.txt"
DOCUMENT = json.loads((ROOT / "tests/snapshots/openapi.json").read_text())
UUID = "00000000-0000-4000-8000-000000000001"
ADDING = "/instagram/users/"
OUTSIDE = ("/health/", "/schema/")

Identity = tuple[Account | AnonymousUser, ApiKey | None]


def identities() -> dict[str, Identity]:
    """A stranger, an account without a role, one of each role, and an admin's key of each scope."""
    found: dict[str, Identity] = {"stranger": (AnonymousUser(), None)}
    found["no role"] = (Account.objects.create_user("none@example.org"), None)
    for role in Role:
        account = Account.objects.create_user(f"{role}@example.org")
        account.groups.add(Group.objects.get(name=role))
        found[role] = (account, None)
    admin = found[Role.ADMIN][0]
    return found | {scope.value: (admin, ApiKey(scopes=[scope])) for scope in Scope}


def operations() -> Iterator[tuple[str, str]]:
    """Each method and path of the REST API."""
    for path, methods in sorted(DOCUMENT["paths"].items()):
        if path not in OUTSIDE:
            yield from ((method, path) for method in methods)


def may(method: str, path: str, identity: Identity) -> bool:
    """Whether the view lets the identity in. The view itself is not called."""
    address = path.replace("{id}", "1" if "keys" in path else UUID)
    for name in ("{uuid}", "{story_id}"):
        address = address.replace(name, UUID)
    match: Any = resolve(address)
    view = match.func.cls(**match.func.initkwargs)
    view.action_map, view.action = match.func.actions, match.func.actions[method]
    for name, action in view.action_map.items():  # as ViewSetMixin.as_view does
        setattr(view, name, getattr(view, action))
    request = APIRequestFactory().generic(method.upper(), address)
    account, key = identity
    force_authenticate(request, account, key)  # type: ignore[arg-type]  # a key, as of a request
    view.request = view.initialize_request(request)
    view.format_kwarg = None
    try:
        view.check_permissions(view.request)
    except APIException:
        return False
    return True


def table(title: str, found: Mapping[str, Identity]) -> str:
    """One line for each operation, one column for each identity."""
    head = f"{title:60}" + "  ".join(found)
    lines = [
        f"{method.upper():7}{path:53}"
        + "  ".join(
            f"{'yes' if may(method, path, each) else '-':{len(name)}}"
            for name, each in found.items()
        ).rstrip()
        for method, path in operations()
    ]
    return "\n".join([head, *lines, ""])


@pytest.mark.django_db
def test_a_role_and_a_scope_decide() -> None:
    found = identities()
    adding = {name for name, identity in found.items() if may("post", ADDING, identity)}
    assert adding == {"Archivist", "Admin", "archive:write"}

    AccessSetting.objects.create(private_reading=True)
    reading = {name for name, identity in found.items() if may("get", ADDING, identity)}
    assert reading == {"Viewer", "Archivist", "Admin", "archive:read"}


@pytest.mark.django_db
def test_the_rights_are_those_of_the_table() -> None:
    found = identities()
    public = table("A public archive", found)
    AccessSetting.objects.create(private_reading=True)
    text = f"{public}\n{table('A private archive', found)}"

    if os.environ.get("RENEW_RIGHTS"):
        SNAPSHOT.write_text(text)
    assert text == SNAPSHOT.read_text()
