"""Which network addresses a call to the outside may reach. Pure."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

TRANSLATED = IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether the address belongs to the public internet, also where it wraps an IPv4 one."""
    found = ip_address(address)
    if isinstance(found, IPv6Address) and (inner := _wrapped(found)) is not None:
        found = inner
    return found.is_global and not (
        found.is_multicast or found.is_reserved or found.is_unspecified or found.is_loopback
    )


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    if address in TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
