"""Which headers about the client are trusted."""

from __future__ import annotations

import ipaddress

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from core.proxies import TrustedProxiesMiddleware

CLIENT = "198.51.100.4"


@pytest.fixture(autouse=True)
def proxies(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = tuple(
        ipaddress.ip_network(each) for each in ("10.0.0.0/8", "fd00::/8")
    )


def after(peer: str, **headers: str) -> HttpRequest:
    """The request after the middleware."""
    request = RequestFactory().get("/", REMOTE_ADDR=peer, **headers)  # type: ignore[arg-type]  # WSGI variables
    TrustedProxiesMiddleware(lambda _: HttpResponse())(request)
    return request


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        (CLIENT, CLIENT),
        (f"203.0.113.1, {CLIENT}", CLIENT),
        (f"203.0.113.1,{CLIENT} , 10.1.1.1", CLIENT),
        (f"{CLIENT}, fd00::7", CLIENT),
        ("10.0.0.3, 10.0.0.4", "10.0.0.3"),
        ("unknown", "unknown"),
        ("", "10.0.0.2"),
        (f"{CLIENT},", CLIENT),
    ],
)
def test_a_proxy_says_who_the_client_is(forwarded: str, client: str) -> None:
    assert after("10.0.0.2", HTTP_X_FORWARDED_FOR=forwarded).META["REMOTE_ADDR"] == client


@pytest.mark.parametrize("peer", ["10.0.0.2", "fd00::1"])
def test_a_proxy_says_that_the_client_uses_tls(peer: str) -> None:
    assert after(peer, HTTP_X_FORWARDED_PROTO="https").is_secure()


@pytest.mark.parametrize("peer", [CLIENT, "::1", "11.0.0.1", ""])
@pytest.mark.parametrize(
    "header",
    ["FORWARDED", "X_FORWARDED_FOR", "X_FORWARDED_PROTO", "X_FORWARDED_HOST", "X_FORWARDED_PORT"],
)
def test_headers_of_another_peer_are_not_trusted(peer: str, header: str) -> None:
    request = after(peer, **{f"HTTP_{header}": "https"})

    assert request.META["REMOTE_ADDR"] == peer
    assert f"HTTP_{header}" not in request.META
    assert not request.is_secure()


def test_a_peer_without_an_address_is_not_trusted() -> None:
    request = RequestFactory().get("/", HTTP_X_FORWARDED_PROTO="https")
    del request.META["REMOTE_ADDR"]
    TrustedProxiesMiddleware(lambda _: HttpResponse())(request)

    assert not request.is_secure()


@given(st.lists(st.ip_addresses(v=4).map(str), max_size=4))
def test_a_client_cannot_choose_its_address(forged: list[str]) -> None:
    forwarded = ", ".join([*forged, CLIENT])

    assert after("10.0.0.2", HTTP_X_FORWARDED_FOR=forwarded).META["REMOTE_ADDR"] == CLIENT
