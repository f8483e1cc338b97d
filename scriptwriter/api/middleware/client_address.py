"""Owns from which address a request comes, as far as that can be known. Knows no limit."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from fastapi import Request

from scriptwriter.settings import Settings, settings

_IPV6_SITE = 64
"""Bits of an IPv6 address that name a customer: the others are theirs to choose."""


def address_of(request: Request) -> str:
    """The address that counts for a request: that of the connection, or the one a trusted proxy names.

    An IPv6 address stands for its whole /64. "" where there is none.
    """
    peer = request.client.host if request.client else ""
    return counted(peer, request.headers.getlist("x-forwarded-for"))


def counted(peer: str, forwarded: list[str], known: Settings | None = None) -> str:
    """As `address_of`, for a connection from `peer` and the values of its X-Forwarded-For headers.

    Each proxy adds at the end whom it was asked by: the last one that is no proxy of ours is the client, and
    what stands before it is only what the client says.
    """
    proxies = (known or settings()).trusted_proxies
    hops = [hop.strip() for value in forwarded for hop in value.split(",")]
    address = _parsed(peer)
    while address is not None and hops and any(address in network for network in proxies):
        named = _parsed(hops.pop())
        if named is None:
            break
        address = named
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _IPV6_SITE), strict=False))
    return str(address or "")


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
