"""The headers that tell a browser what an answer may do."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.datastructures import Headers, MutableHeaders

from scriptwriter.api.middleware import security_headers
from scriptwriter.settings import settings


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Sets the address that people open."""

    def at(url: str) -> None:
        monkeypatch.setenv("SCRIPTWRITER_URL", url)
        settings.cache_clear()

    yield at
    settings.cache_clear()


def _answer(path: str = "/", status: int = 200, **headers: str) -> MutableHeaders:
    answer = MutableHeaders({name.replace("_", "-"): value for name, value in headers.items()})
    security_headers.complete(answer, status, Headers({"host": "here.example"}), path, "the policy of pages")
    return answer


def test_an_inline_script_is_known_by_the_hash_of_its_exact_text() -> None:
    """The example of https://www.w3.org/TR/CSP2/#script-src-hash-usage."""
    page = """<script src="/x.js"></script><script>alert('Hello, world.');</script>"""

    assert security_headers.hashes(page) == {"'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"}


def test_the_scripts_of_every_page_of_a_build_are_known(tmp_path: Path) -> None:
    """And there may be no build."""
    (tmp_path / "inside").mkdir()
    (tmp_path / "index.html").write_text("<script>1</script>")
    (tmp_path / "inside" / "index.html").write_text("<script>2</script><script>1</script>")

    assert len(security_headers.hashes_of_build(tmp_path)) == 2
    assert security_headers.hashes_of_build(tmp_path / "nowhere") == frozenset()


def test_a_page_has_the_policy_of_pages_and_all_else_may_do_nothing() -> None:
    """What is no page stays none."""
    page, other = _answer(content_type="text/html; charset=utf-8"), _answer(content_type="application/json")

    assert page[security_headers.POLICY] == "the policy of pages"
    assert other[security_headers.POLICY] == security_headers.NOTHING


def test_what_was_not_modified_keeps_the_policy_it_came_with() -> None:
    """A 304 has no type: a policy on it would take the place of the page's."""
    assert security_headers.POLICY not in _answer(status=304)


def test_a_route_that_says_something_itself_is_left_alone() -> None:
    """As an answer that may be kept."""
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
    """One to another host leads home: nothing but the sign-in provider is ever gone to."""
    assert _answer(status=307, location=location)["location"] == given


def test_behind_https_the_browser_is_told_to_stay_there(at: Callable[[str], None]) -> None:
    """And its websocket is named in full."""
    assert "strict-transport-security" not in _answer()
    at("https://write.example")

    assert _answer()["strict-transport-security"].startswith("max-age=31536000")
    assert "connect-src 'self' wss://write.example" in security_headers.page_policy()


def test_the_policy_of_pages_allows_no_script_but_those_of_this_server() -> None:
    """No `eval`, no inline script without its hash, no frame, no base, no plugin."""
    rules = dict(rule.split(" ", 1) for rule in security_headers.page_policy(["'sha256-x'"]).split("; "))

    assert rules["script-src"] == "'self' 'sha256-x'"
    for name in ("default-src", "object-src", "base-uri", "frame-ancestors"):
        assert rules[name] == "'none'"
    assert rules["form-action"] == "'self'"
