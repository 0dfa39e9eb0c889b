"""Which addresses may be spoken to."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheetsync.web.addresses import Reach, is_literal, reach


@pytest.mark.parametrize("text", [
    "8.8.8.8", "1.1.1.1", "93.184.216.34", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.1",
    "198.17.255.255", "198.20.0.0", "223.255.255.255", "168.63.129.15", "168.63.129.17",
    "2606:4700::1111", "2a00:1450:4001:80b::200e", "2400:cb00::1", "2001:200::1", "3ffe::1",
    "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
])  # fmt: skip
def test_public(text: str) -> None:
    assert reach(text) is Reach.PUBLIC


@pytest.mark.parametrize("text", [
    "10.0.0.1", "10.255.255.255", "100.64.0.1", "127.0.0.1", "127.255.255.254", "172.16.0.1", "172.31.255.255", "192.168.0.1",
    "198.18.0.1", "::1", "fc00::1", "fd12:3456::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1",
])  # fmt: skip
def test_internal(text: str) -> None:
    assert reach(text) is Reach.INTERNAL


@pytest.mark.parametrize("text", [
    # metadata of instances: Amazon, Google, Azure and most others; containers; Alibaba; Azure's platform channel; Oracle; Tencent
    "169.254.169.254", "169.254.170.2", "169.254.169.123", "100.100.100.200", "168.63.129.16", "192.0.0.192", "169.254.0.23",
    "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:c1::a9fe:a9fe", "fd00:42::42", "fd00:a9fe:a9fe::1",
    "fd00:100::100:200",
    # the same in other clothes
    "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "::ffff:100.100.100.200", "64:ff9b::a9fe:a9fe", "64:ff9b::a00:1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::808:808", "2002:a9fe:a9fe::1", "2002:7f00:1::", "2002:808:808::1", "2001::1", "2001:0:a9fe:a9fe::1",
    "::127.0.0.1",
    "::ffff:0:8.8.8.8", "::8.8.8.8",
    # nobody's
    "0.0.0.0", "0.1.2.3", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.51.100.1",
    "203.0.113.1",
    "192.88.99.1", "::", "fe80::1", "fe80::1%eth0", "fe80::a9fe:a9fe", "fec0::1", "ff02::1", "2001:db8::1", "3fff::1", "5f00::1",
    "100::1", "4000::1", "2606:4700::1111%eth0",
    # no addresses at all, though some resolvers read them
    "", "127.1", "0x7f.1", "2130706433", "017700000001", "0177.0.0.1", "127.0.0.1 ", "localhost", "1.2.3.4.5", "[::1]",
])  # fmt: skip
def test_never(text: str) -> None:
    assert reach(text) is Reach.NEVER


@given(st.ip_addresses(v=4))
def test_whatever_python_calls_private_is_never_public(address: ipaddress.IPv4Address) -> None:
    if address.is_private or address.is_multicast or address.is_reserved or address.is_link_local:
        assert reach(str(address)) is not Reach.PUBLIC


@given(st.ip_addresses(v=6))
def test_public_ipv6_lies_in_the_part_that_is_given_out(address: ipaddress.IPv6Address) -> None:
    if (
        reach(str(address)) is Reach.PUBLIC
        and address not in ipaddress.ip_network("64:ff9b::/96")
        and address.ipv4_mapped is None
    ):
        assert address in ipaddress.ip_network("2000::/3")


@given(st.ip_addresses(v=4))
def test_clothes_never_open_a_door(inner: ipaddress.IPv4Address) -> None:
    bare = reach(str(inner))
    assert reach(str(ipaddress.IPv6Address((0xFFFF << 32) + int(inner)))) is bare
    assert reach(str(ipaddress.IPv6Address((0x64FF9B << 96) + int(inner)))) in (
        {Reach.PUBLIC} if bare is Reach.PUBLIC else {Reach.NEVER}
    )
    assert reach(str(ipaddress.IPv6Address((0x2002 << 112) + (int(inner) << 80)))) is Reach.NEVER
    assert reach(str(ipaddress.IPv6Address((0x20010000 << 96) + (int(inner) ^ 0xFFFFFFFF)))) is Reach.NEVER
    assert reach(str(ipaddress.IPv6Address(int(inner)))) in (Reach.NEVER, Reach.INTERNAL)


@given(st.text(max_size=40))
def test_any_text_is_judged(text: str) -> None:
    assert reach(text) in Reach


def test_a_literal_is_an_address_in_its_one_usual_form() -> None:
    assert is_literal("127.0.0.1")
    assert is_literal("::1")
    assert not is_literal("127.1")
    assert not is_literal("api.example.com")
