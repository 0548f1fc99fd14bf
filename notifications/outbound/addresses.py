"""Which addresses are the public internet's. An address inside another one counts as well.

Sources: the IANA special-purpose registries (RFC 6890), RFC 4291 (IPv6), 6052 (NAT64), 3056 (6to4), 4380 (Teredo).
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

NAT64 = IPv6Network("64:ff9b::/96")
UNICAST = IPv6Network("2000::/3")
"""The only part of IPv6 that is given out to the public (RFC 4291, 2.4)."""
NOT_PUBLIC_4 = tuple(map(IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/4", "240.0.0.0/4")))
NOT_PUBLIC_6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20")))
"""What Python's own tables, which follow the registries, leave out in one version or another."""


def is_public(address: Address) -> bool:
    """True if it can be reached over the internet, and what it carries inside (IPv4 in IPv6) can be as well."""
    inside = _inside(address)
    if inside is not None:
        return is_public(inside)
    if isinstance(address, IPv4Address):
        return address.is_global and not _within(address, NOT_PUBLIC_4)
    return address in UNICAST and address.is_global and not _within(address, NOT_PUBLIC_6)


def parse_address(text: str) -> Address | None:
    """The address that this text spells (a zone is dropped), or None if it is a name."""
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _inside(address: Address) -> IPv4Address | None:
    """The IPv4 address that a packet to this one would go to in the end. Teredo is refused as a whole (2001::/23)."""
    if isinstance(address, IPv4Address):
        return None
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _within(address: Address, networks: tuple[IPv4Network, ...] | tuple[IPv6Network, ...]) -> bool:
    return any(address in network for network in networks)
