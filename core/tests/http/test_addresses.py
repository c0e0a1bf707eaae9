"""Which addresses count as public."""

from __future__ import annotations

import pytest

from core.http.addresses import NotPublic, check, is_public


@pytest.mark.parametrize("address", ["157.240.1.1", "2a03:2880:f12f::face", "::ffff:157.240.1.1"])
def test_an_internet_address_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "192.168.0.1", "0.0.0.0",  # noqa: S104  only asked about
        "169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%lo", "fc00::1", "fd00:ec2::254",
        "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
        "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2001::1", "::127.0.0.1",
    ],
)  # fmt: skip
def test_an_inner_or_special_address_is_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    ("host", "port", "trusted"),
    [("cdn.test", 443, "cdn.test:444"), ("::1", 80, "::1:80"), ("127.0.0.1", 80, "cdn.test:80")],
)
def test_a_host_with_a_private_address_is_refused(host: str, port: int, trusted: str) -> None:
    with pytest.raises(NotPublic):
        check(host, port, ["93.184.216.34", "10.0.0.1"], {trusted})


@pytest.mark.parametrize(
    ("host", "port", "trusted"),
    [("CDN.test", 443, "cdn.test:443"), ("::1", 80, "[::1]:80"), ("10.0.0.1", 80, "10.0.0.1:80")],
)
def test_only_trust_lets_a_host_have_a_private_address(host: str, port: int, trusted: str) -> None:
    with pytest.raises(NotPublic):
        check(host, port, ["10.0.0.1"], set())

    check(host, port, ["10.0.0.1"], {trusted})
