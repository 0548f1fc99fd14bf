"""Which addresses are public, whatever they are wrapped into."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.outbound.addresses import NAT64, is_public, parse_address

HIDDEN_4 = """
    0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.254 169.254.0.1
    169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.9 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1
    198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 233.252.0.1 239.255.255.255 240.0.0.1 255.255.255.255
""".split()  # noqa: SIM905
HIDDEN_6 = """
    :: ::1 ::2 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1 2001:db8::1
    3fff::1 5f00::1 64:ff9b:1::1 fc00::1 fd12:3456:789a::1 fe80::1 fec0::1 feff::1 ff02::1 ff0e::1 4000::1
""".split()  # noqa: SIM905
PUBLIC = """
    1.1.1.1 8.8.8.8 93.184.216.34 100.63.255.255 172.32.0.1 2606:2800:220:1::1 2a00:1450::1
""".split()  # noqa: SIM905


def wrapped(address: IPv4Address) -> dict[str, IPv6Address]:
    """Every way in which an IPv6 address leads to this one."""
    number = int(address)
    return {
        "mapped": IPv6Address((0xFFFF << 32) | number),
        "NAT64": IPv6Address((0x64FF9B << 96) | number),
        "6to4": IPv6Address((0x2002 << 112) | (number << 80) | 1),
    }


@pytest.mark.parametrize("text", [*HIDDEN_4, *HIDDEN_6])
def test_an_address_is_refused_when_it_is_not_the_internets(text: str):
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_an_address_is_taken_when_it_is_public(text: str):
    assert is_public(ip_address(text))


@pytest.mark.parametrize("text", HIDDEN_4)
@pytest.mark.parametrize("way", ["mapped", "NAT64", "6to4"])
def test_a_hidden_address_is_refused_when_it_is_wrapped(text: str, way: str):
    assert not is_public(wrapped(IPv4Address(text))[way])


@given(st.ip_addresses(v=4))
def test_wrapping_an_address_changes_nothing(address: IPv4Address):
    assert {is_public(outer) for outer in wrapped(address).values()} == {is_public(address)}


@given(st.ip_addresses(v=4))
def test_the_old_compatible_form_is_never_public(address: IPv4Address):
    assert not is_public(IPv6Address(int(address)))


@given(st.ip_addresses())
def test_nothing_is_public_that_python_knows_to_be_otherwise(address: IPv4Address | IPv6Address):
    hidden = address.is_private or address.is_loopback or address.is_link_local or address.is_multicast
    carries = isinstance(address, IPv6Address) and (address.ipv4_mapped or address.sixtofour or address in NAT64)

    assert carries or not (is_public(address) and (hidden or address.is_unspecified or address.is_reserved))


def test_a_zone_does_not_hide_an_address():
    assert parse_address("fe80::1%eth0") == ip_address("fe80::1")
