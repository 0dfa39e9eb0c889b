"""An IP address goes in, and whether it may be spoken to comes out: public, internal (if the operator permits it), or never.

The table is our own because `ipaddress.is_global` calls 168.63.129.16, 192.0.0.192, multicast, NAT64 and 6to4 forms of internal
addresses global, and changes between versions of Python. Ranges: the IANA registries of special-purpose addresses
(https://www.iana.org/assignments/iana-ipv4-special-registry/ and .../iana-ipv6-special-registry/, RFC 6890).
"""

from __future__ import annotations

from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final


class Reach(Enum):
    """Who can be met at an address."""

    PUBLIC = "public"
    INTERNAL = "internal"
    NEVER = "never"


_INTERNAL_4: Final = tuple(
    IPv4Network(text)
    for text in (
        "10.0.0.0/8",  # private networks, RFC 1918
        "100.64.0.0/10",  # shared address space, RFC 6598; some company networks lie here
        "127.0.0.0/8",  # this computer
        "172.16.0.0/12",  # private networks, RFC 1918
        "192.168.0.0/16",  # private networks, RFC 1918
        "198.18.0.0/15",  # benchmarking, RFC 2544; some company gateways answer every name from here
    )
)
_NEVER_4: Final = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # "this network", which many systems take for this computer
        "100.100.100.200/32",  # instance metadata, Alibaba Cloud
        "168.63.129.16/32",  # platform channel of a virtual machine, Azure
        "169.254.0.0/16",  # link-local, with the instance metadata of nearly every cloud
        "192.0.0.0/24",  # protocol assignments, RFC 6890; 192.0.0.192 is instance metadata, Oracle Classic
        "192.0.2.0/24",  # documentation, RFC 5737
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "198.51.100.0/24",  # documentation, RFC 5737
        "203.0.113.0/24",  # documentation, RFC 5737
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_INTERNAL_6: Final = (IPv6Network("::1/128"), IPv6Network("fc00::/7"))
_NEVER_6: Final = tuple(
    IPv6Network(text)
    for text in (
        # instance metadata inside the private range, where permitting an intranet would open it
        "fd00:ec2::/32",  # Amazon: metadata ::254, credentials of pods ::23
        "fd20:ce::254/128",  # Google
        "fd00:c1::a9fe:a9fe/128",  # Oracle
        "fd00:42::42/128",  # Scaleway
        "fd00:a9fe:a9fe::1/128",  # Linode
        "fd00:100::100:200/128",  # Alibaba
        # special parts of 2000::/3, from which all public addresses are given
        "2001::/23",  # protocol assignments, RFC 2928; 2001::/32 is Teredo, which hides an IPv4 address
        "2001:db8::/32",  # documentation, RFC 3849
        "2002::/16",  # 6to4, RFC 7526, which hides an IPv4 address
        "3fff::/20",  # documentation, RFC 9637
    )
)
_GIVEN_6: Final = IPv6Network("2000::/3")
_MAPPED: Final = IPv6Network("::ffff:0:0/96")
_NAT64: Final = IPv6Network("64:ff9b::/96")


def reach(text: str) -> Reach:
    """Judges one resolved address, as `socket.getaddrinfo` gives it. What cannot be read, or has a zone (`%eth0`), is NEVER.

    An IPv4 address inside an IPv6 one counts as what it is: `::ffff:a.b.c.d` (RFC 4291) fully, `64:ff9b::a.b.c.d` (RFC 6052, the
    way from an IPv6-only network to the rest of the world) only where it is public.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return Reach.NEVER
    if isinstance(address, IPv4Address):
        return _reach_4(address)
    if address.scope_id is not None:
        return Reach.NEVER
    inner = IPv4Address(int(address) & 0xFFFF_FFFF)
    if address in _MAPPED:
        return _reach_4(inner)
    if address in _NAT64:
        return Reach.PUBLIC if _reach_4(inner) is Reach.PUBLIC else Reach.NEVER
    return _reach_6(address)


def _reach_4(address: IPv4Address) -> Reach:
    if any(address in network for network in _NEVER_4):
        return Reach.NEVER
    return Reach.INTERNAL if any(address in network for network in _INTERNAL_4) else Reach.PUBLIC


def _reach_6(address: IPv6Address) -> Reach:
    if any(address in network for network in _NEVER_6):
        return Reach.NEVER
    if any(address in network for network in _INTERNAL_6):
        return Reach.INTERNAL
    return Reach.PUBLIC if address in _GIVEN_6 else Reach.NEVER


def is_literal(host: str) -> bool:
    """Whether a host, as `links.split` gives it, is an address and not a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
