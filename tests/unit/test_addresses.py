"""Client addresses behind proxies, allowed origins, and redirect targets."""

from ipaddress import ip_network

import pytest

from scriptwriter.api.middleware.client_address import counted
from scriptwriter.api.middleware.origins import allowed, inside
from scriptwriter.settings import Settings


def known(*proxies: str, environment: str = "development", url: str | None = None) -> Settings:
    """Settings with these trusted proxies."""
    return Settings.model_construct(
        trusted_proxies=tuple(map(ip_network, proxies)), environment=environment, public_url=url
    )


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "address"),
    [
        ("192.0.2.1", [], [], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.7"], [], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.7"], ["203.0.113.0/24"], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.7"], ["192.0.2.0/24"], "198.51.100.7"),
        ("192.0.2.1", ["10.9.9.9, 198.51.100.7"], ["192.0.2.0/24"], "198.51.100.7"),
        ("192.0.2.1", ["10.9.9.9", "198.51.100.7, 192.0.2.2"], ["192.0.2.0/24"], "198.51.100.7"),
        ("192.0.2.1", ["192.0.2.2"], ["192.0.2.0/24"], "192.0.2.2"),
        ("192.0.2.1", ["198.51.100.7, nonsense"], ["192.0.2.0/24"], "192.0.2.1"),
        ("192.0.2.1", [""], ["192.0.2.0/24"], "192.0.2.1"),
        ("::ffff:192.0.2.1", ["198.51.100.7"], ["192.0.2.0/24"], "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", [], [], "2001:db8:1:2::/64"),
        ("fe80::1%eth0", [], [], "fe80::/64"),
        ("::1", ["2001:db8::7"], ["::1/128"], "2001:db8::/64"),
        ("", ["198.51.100.7"], ["0.0.0.0/0"], ""),
        ("testclient", ["198.51.100.7"], ["0.0.0.0/0"], ""),
    ],
)
def test_only_a_trusted_proxy_can_forward_a_client_address(
    peer: str, forwarded: list[str], proxies: list[str], address: str
) -> None:
    """The header is read from its end.

    The first untrusted address is the client; it may have made up the rest.
    """
    assert counted(peer, forwarded, known(*proxies)) == address


@pytest.mark.parametrize(
    ("origin", "development", "production"),
    [
        ("https://write.example", True, True),
        ("http://write.example", False, False),
        ("https://write.example:8443", False, False),
        ("https://write.example.evil.example", False, False),
        ("http://localhost:3001", True, False),
        ("http://127.0.0.1:8000", True, False),
        ("http://[::1]:3000", True, False),
        ("http://localhost.evil.example", False, False),
        ("http://evil.example\\@localhost", False, False),
        ("http://user@localhost:3000", False, False),
        ("http://localhost:3000/path", False, False),
        ("null", False, False),
        ("", False, False),
        (None, False, False),
    ],
)
def test_an_origin_is_compared_as_a_whole(origin: str | None, development: bool, production: bool) -> None:
    """A prefix or a suffix that matches proves nothing."""
    url = "https://write.example/"

    assert allowed(origin, known(url=url)) is development
    assert allowed(origin, known(url=url, environment="production")) is production


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "http://evil.example", "evil", ""])
def test_a_redirect_target_stays_on_this_site(path: str) -> None:
    """Any other target is replaced by the home page."""
    assert inside(path) == "/" and inside("/projects?a=b") == "/projects?a=b"
