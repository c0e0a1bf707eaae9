"""Every address of the REST API, and the router as their only list."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.urls import Resolver404, resolve
from rest_framework.viewsets import ViewSetMixin

from authentication.views import TokenLoginViewSet, TokenLogoutViewSet
from config import api_router
from core.api.errors import not_found
from tests.support.sources import APPS, module_name, python_files

UUID = "00000000-0000-4000-8000-000000000001"
ADDRESSES = {
    "instagram/users/": {"get": "list", "post": "create"},
    f"instagram/users/{UUID}/": {"get": "retrieve"},
    f"instagram/users/{UUID}/archive/": {"post": "archive"},
    f"instagram/users/{UUID}/coverage/": {"get": "coverage"},
    f"instagram/users/{UUID}/history/": {"get": "history"},
    f"instagram/users/{UUID}/metrics/": {"get": "metrics"},
    "instagram/posts/": {"get": "list"},
    "instagram/posts/ai-search/": {"get": "ai_search"},
    "instagram/posts/any id.json/": {"get": "retrieve"},
    "instagram/posts/any id.json/history/": {"get": "history"},
    "instagram/posts/any id.json/similar/": {"get": "similar"},
    "instagram/stories/": {"get": "list"},
    "instagram/stories/any id.json/": {"get": "retrieve"},
    "instagram/stories/any id.json/similar/": {"get": "similar"},
    "instagram/highlights/": {"get": "list"},
    "instagram/highlights/any id.json/": {"get": "retrieve"},
    "instagram/changes/": {"get": "list"},
    "instagram/runs/": {"get": "list", "post": "create"},
    f"instagram/runs/{UUID}/": {"get": "retrieve"},
    f"instagram/runs/{UUID}/events/": {"get": "events"},
    "instagram/costs/": {"get": "list"},
    "instagram/statistic/": {"get": "list"},
    "authentication/accept-invitation/": {"post": "accept_invitation"},
    "authentication/change-email/": {"post": "change_email"},
    "authentication/change-password/": {"post": "change_password"},
    "authentication/confirm-email/": {"post": "confirm_email"},
    "authentication/deactivate/": {"post": "deactivate"},
    "authentication/delete-account/": {"post": "delete_account"},
    "authentication/keys/": {"get": "list", "post": "create"},
    "authentication/keys/1/": {"delete": "destroy"},
    "instagram/changes/feed/": {"get": "feed"},
    f"instagram/users/{UUID}/feed/": {"get": "feed"},
    "instagram/inject-data/": {"post": "create"},
    "instagram/users/bulk/": {"post": "bulk"},
    "authentication/flags/": {"get": "flags"},
    "authentication/session/": {"get": "list", "post": "create"},
    "authentication/link-google/": {"post": "link_google"},
    "authentication/login-with-google/": {"post": "login_with_google"},
    "authentication/login/": {"post": "login"},
    "authentication/me/": {"get": "me", "patch": "change_me"},
    "authentication/refresh/": {"post": "refresh"},
    "authentication/register/": {"post": "register"},
    "authentication/reset-password/": {"post": "reset_password"},
    "authentication/set-password/": {"post": "set_password"},
    "authentication/sign-out/": {"post": "sign_out"},
    "authentication/sign-out-everywhere/": {"post": "sign_out_everywhere"},
    "authentication/tokens/": {"post": "create"},
    "authentication/validate/": {"post": "validate"},
    "authentication/verify-email/": {"post": "verify_email"},
}
ROUTERS = (api_router.archive, api_router.accounts)
OF_ALIASES = {TokenLoginViewSet, TokenLogoutViewSet}
OF_NO_RESOURCE = [
    "instagram/", "authentication/", "instagram/users", "instagram/users.json", "instagram/posts//",
    "instagram/users/any id.json/", "instagram/runs/any id.json/", "instagram/posts/1/2/",
]  # fmt: skip


def leaves(kind: type) -> set[type]:
    """The subclasses that have no subclasses."""
    below: list[type] = kind.__subclasses__()
    return {leaf for each in below for leaf in leaves(each)} if below else {kind}


def actions(address: str) -> dict[str, str]:
    """The action of each method. HEAD is left out: Django REST adds it with the first request."""
    view: Any = resolve(f"/{address}").func
    return {method: name for method, name in view.actions.items() if method != "head"}


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_address_leads_to_its_actions(address: str) -> None:
    assert actions(address) == ADDRESSES[address]


def test_no_other_address_is_routed() -> None:
    routed = {resolve(f"/{address}").route for address in ADDRESSES}

    urls = [each for router in ROUTERS for each in router.urls]
    assert {str(each.pattern) for each in urls} == routed
    assert len(urls) == len(ADDRESSES)


@pytest.mark.parametrize("address", OF_NO_RESOURCE)
def test_an_unknown_address_gets_our_json_404(address: str) -> None:
    assert resolve(f"/{address}").func is not_found


def test_an_address_outside_the_api_is_not_routed() -> None:
    with pytest.raises(Resolver404):
        resolve("/instagrams/")


def test_the_router_lists_every_viewset() -> None:
    for path in python_files(*APPS):
        if path.stem == "views" or path.parent.name == "views":
            import_module(module_name(path))

    own = {each for each in leaves(ViewSetMixin) if each.__module__.split(".")[0] in APPS}
    assert {viewset for router in ROUTERS for _, viewset, _ in router.registry} == own - OF_ALIASES
