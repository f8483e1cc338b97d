"""The security headers of responses: content policy, framing, caching, HSTS."""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders

from scriptwriter.api.middleware.origins import kept_here
from scriptwriter.settings import settings

ONE_YEAR = 365 * 24 * 60 * 60
NOT_MODIFIED = 304
LEADING_AWAY = frozenset({"/api/session/oidc"})
"""Paths that may redirect to another site, which is the operator's sign-in provider."""
POLICY = "content-security-policy"
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The Content-Security-Policy of responses that are not pages."""
UNUSED = (
    "accelerometer", "autoplay", "camera", "display-capture", "geolocation", "gyroscope", "hid",
    "magnetometer", "microphone", "midi", "payment", "serial", "usb", "xr-spatial-tracking",
)  # fmt: skip
"""Browser features that no page uses."""
ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # With `no-referrer` browsers would send `Origin: null` with forms of this site.
    "referrer-policy": "same-origin",
    "permissions-policy": ", ".join(f"{name}=()" for name in UNUSED),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def page_policy(scripts: Iterable[str] = ()) -> str:
    """The Content-Security-Policy of a page whose inline scripts have these `hashes`.

    Inline styles are allowed (the width of a progress bar, the prerendered page). Other inline scripts and
    `eval` are not.
    """
    directives = {
        "default-src": "'none'",
        "script-src": " ".join(["'self'", *sorted(scripts)]),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "manifest-src": "'self'",
        "connect-src": " ".join(["'self'", *_websocket()]),
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {sources}" for name, sources in directives.items())


def hashes(page: str) -> frozenset[str]:
    """The hash sources of the inline scripts in a page, for `page_policy`."""
    reader = _InlineScripts()
    reader.feed(page)
    reader.close()
    return frozenset(reader.hashes)


def hashes_of_build(folder: Path) -> frozenset[str]:
    """The hash sources of all pages of a build; none without a build, as with the development server."""
    pages = sorted(folder.rglob("*.html")) if folder.is_dir() else []
    return frozenset[str]().union(*(hashes(page.read_text(encoding="utf-8")) for page in pages))


def complete(headers: MutableHeaders, status: int, request: Headers, path: str, policy: str) -> None:
    """Add the security headers that the response has not set itself; keep a `Location` header on this site.

    `path` is the path of the request, and `policy` the Content-Security-Policy of pages.
    """
    html = headers.get("content-type", "").startswith("text/html")
    for name, value in _for(path, html=html, policy=policy).items():
        # A 304 keeps the policy of the stored response (RFC 9111, 3.2).
        if not (status == NOT_MODIFIED and name == POLICY):
            headers.setdefault(name, value)
    if "location" in headers and path not in LEADING_AWAY:
        headers["location"] = kept_here(headers["location"], request.get("host", ""))


def _for(path: str, *, html: bool, policy: str) -> Mapping[str, str]:
    found = ALWAYS | {POLICY: policy if html else NOTHING}
    if path.startswith("/api/"):
        found["cache-control"] = "no-store"
    elif html:
        # The policy header has the hashes of the page's scripts, so both must be of the same build.
        found["cache-control"] = "no-cache"
    if (settings().public_url or "").startswith("https://"):
        found["strict-transport-security"] = f"max-age={ONE_YEAR}"
    return found


def _websocket() -> list[str]:
    # Browsers before 2022 do not include websockets in 'self'.
    url = settings().public_url
    return [f"ws{urlsplit(url).scheme[4:]}://{urlsplit(url).netloc}"] if url else []


class _InlineScripts(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.hashes: set[str] = set()
        self._inside: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script" and "src" not in dict(attrs):
            self._inside = []

    def handle_data(self, data: str) -> None:
        if self._inside is not None:
            self._inside.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "script" and self._inside is not None:
            digest = hashlib.sha256("".join(self._inside).encode()).digest()
            self.hashes.add(f"'sha256-{base64.b64encode(digest).decode()}'")
            self._inside = None
