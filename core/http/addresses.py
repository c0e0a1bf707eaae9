"""The network addresses that calls to the outside may reach. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

# A NAT64 gateway forwards this prefix to the IPv4 address in its last 32 bits (RFC 6052).
NAT64 = IPv6Network("64:ff9b::/96")


class NotPublic(Exception):
    """The host has an address outside the public internet."""


def check(host: str, port: int, found: Iterable[str], trusted_hosts: Collection[str]) -> None:
    """Refuse a host if one of its addresses is not public. Raises NotPublic.

    Trusted hosts (`host:port`, lower case) may have any address. The caller must connect to one of
    the checked addresses, because a name may resolve to another one a moment later (DNS rebinding).
    """
    bracketed = f"[{host}]" if ":" in host else host.lower()
    if f"{bracketed}:{port}" in trusted_hosts:
        return
    if not all(is_public(address) for address in found):
        raise NotPublic(f"{host} is not on the public internet")


def is_public(address: str) -> bool:
    """Return whether the address is public. An IPv6 address that embeds an IPv4 one counts as it.

    Without this, `::ffff:127.0.0.1` or a NAT64 address would reach a private host.
    """
    found = ip_address(address)
    if isinstance(found, IPv6Address) and (inner := _embedded_ipv4(found)) is not None:
        found = inner
    return found.is_global and not (
        found.is_multicast or found.is_reserved or found.is_unspecified or found.is_loopback
    )


def _embedded_ipv4(address: IPv6Address) -> IPv4Address | None:
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
