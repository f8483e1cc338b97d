"""The security headers of responses."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.datastructures import Headers, MutableHeaders

from scriptwriter.api.middleware import security_headers
from scriptwriter.settings import settings


@pytest.fixture
def set_public_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Set the address that people open."""

    def set_public_url(url: str) -> None:
        monkeypatch.setenv("SCRIPTWRITER_URL", url)
        settings.cache_clear()

    yield set_public_url
    settings.cache_clear()


def _answer(path: str = "/", status: int = 200, **headers: str) -> MutableHeaders:
    answer = MutableHeaders({name.replace("_", "-"): value for name, value in headers.items()})
    security_headers.complete(answer, status, Headers({"host": "here.example"}), path, "the policy of pages")
    return answer


def test_an_inline_script_is_allowed_by_its_hash() -> None:
    """The example of https://www.w3.org/TR/CSP2/#script-src-hash-usage."""
    page = """<script src="/x.js"></script><script>alert('Hello, world.');</script>"""

    assert security_headers.hashes(page) == {"'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"}


def test_the_inline_scripts_of_every_built_page_are_hashed(tmp_path: Path) -> None:
    """Without a build there are no hashes."""
    (tmp_path / "inside").mkdir()
    (tmp_path / "index.html").write_text("<script>1</script>")
    (tmp_path / "inside" / "index.html").write_text("<script>2</script><script>1</script>")

    assert len(security_headers.hashes_of_build(tmp_path)) == 2
    assert security_headers.hashes_of_build(tmp_path / "nowhere") == frozenset()


def test_only_pages_have_a_policy_that_allows_anything() -> None:
    """Any other response may load and run nothing when it is opened as a page."""
    page, other = _answer(content_type="text/html; charset=utf-8"), _answer(content_type="application/json")

    assert page[security_headers.POLICY] == "the policy of pages"
    assert other[security_headers.POLICY] == security_headers.NOTHING


def test_a_304_has_no_policy_of_its_own() -> None:
    """It has no content type, and its policy would replace that of the cached page."""
    assert security_headers.POLICY not in _answer(status=304)


def test_a_header_that_a_route_sets_is_kept() -> None:
    """For example a response that may be cached."""
    assert _answer("/api/docs/x.js", cache_control="public")["cache-control"] == "public"
    assert _answer("/api/x")["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("location", "given"),
    [
        ("http://here.example/projects/?a=1", "/projects/?a=1"),
        ("https://elsewhere.example/x", "/"),
        ("http://here.example//elsewhere.example/x", "/"),
        ("/x", "/x"),
    ],
)
def test_a_redirect_within_this_host_is_a_path(location: str, given: str) -> None:
    """A redirect to another host leads to the home page; only the sign-in provider is exempt."""
    assert _answer(status=307, location=location)["location"] == given


def test_https_sites_send_strict_transport_security(set_public_url: Callable[[str], None]) -> None:
    """Their policy names the websocket with its full address."""
    assert "strict-transport-security" not in _answer()
    set_public_url("https://write.example")

    assert _answer()["strict-transport-security"].startswith("max-age=31536000")
    assert "connect-src 'self' wss://write.example" in security_headers.page_policy()


def test_the_policy_of_pages_allows_only_scripts_of_this_server() -> None:
    """No `eval`, no inline script without its hash, no frame, no base, no plugin."""
    rules = dict(rule.split(" ", 1) for rule in security_headers.page_policy(["'sha256-x'"]).split("; "))

    assert rules["script-src"] == "'self' 'sha256-x'"
    for name in ("default-src", "object-src", "base-uri", "frame-ancestors"):
        assert rules[name] == "'none'"
    assert rules["form-action"] == "'self'"
