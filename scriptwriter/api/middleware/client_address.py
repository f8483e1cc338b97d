"""The client address of a request, behind trusted proxies too."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from fastapi import Request

from scriptwriter.settings import Settings, settings

_IPV6_SITE = 64
"""Prefix length that identifies one customer in IPv6. The customer chooses the other bits."""


def address_of(request: Request) -> str:
    """The client address that limits apply to: that of the connection, or the one a trusted proxy names.

    An IPv6 address is reported as its /64 network. "" if there is none.
    """
    peer = request.client.host if request.client else ""
    return counted(peer, request.headers.getlist("x-forwarded-for"))


def counted(peer: str, forwarded: list[str], known: Settings | None = None) -> str:
    """As `address_of`, for a connection from `peer` and the values of its X-Forwarded-For headers.

    Each proxy appends the address that connected to it. The last one that is no trusted proxy is the client;
    the entries before it are the client's own claim.
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
