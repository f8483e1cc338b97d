"""An OpenID Connect provider on loopback, in its own thread. It signs everybody in, and can be made faulty.

with OidcServer() as provider:
    provider.person = {"sub": "42", "preferred_username": "li"}
    provider.token_changes = {"nonce": "another"}     # None omits a claim
    … provider.url is the issuer …
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

CLIENT_ID, CLIENT_SECRET = "scriptwriter", "s3cret of the client"


class OidcServer:
    """The provider. A test sets its faults as attributes, and `reset` removes them."""

    def __init__(self) -> None:
        self.url = ""
        self.keys = KeySet([RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})])
        self.forged = RSAKey.generate_key(2048, {"kid": "one"})
        self.reset()

    def reset(self) -> None:
        """Remove all faults, and set a user to sign in."""
        self.person: dict[str, Any] = {"sub": "42", "preferred_username": "LiMing", "name": "李明"}
        self.token_changes: dict[str, Any] = {}
        self.about_changes: dict[str, Any] = {}
        self.answer_changes: dict[str, Any] = {}
        self.userinfo: dict[str, Any] | None = None
        self.signature = "good"
        self.down: set[str] = set()
        self.requests: list[str] = []
        self.codes: dict[str, dict[str, str]] = {}

    def __enter__(self) -> Self:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider._serve(self)

            do_POST = do_GET

            def log_message(self, format: str, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/realm"
        self._thread = threading.Thread(target=self._server.serve_forever, name="oidc server", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        name = parts.path.rsplit("/", 1)[-1]
        self.requests.append(name)
        body = handler.rfile.read(int(handler.headers.get("content-length") or 0)).decode()
        query = {key: values[0] for key, values in parse_qs(parts.query or body).items()}
        if name in self.down:
            _answer(handler, 503, {"error": "down"})
        elif name == "openid-configuration":
            _answer(handler, 200, self._about())
        elif name == "authorize":
            _redirect(handler, self._authorize(query))
        elif name == "token":
            _answer(handler, *self._token(query, handler.headers.get("authorization", "")))
        elif name == "jwks":
            _answer(handler, 200, self.keys.as_dict(private=False))
        elif name == "userinfo" and handler.headers.get("authorization") == "Bearer access":
            _answer(handler, 200, self.userinfo or self.person)
        else:
            _answer(handler, 404, {"error": "not found"})

    def _about(self) -> dict[str, Any]:
        about = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "userinfo_endpoint": f"{self.url}/userinfo",
        }
        return about | self.about_changes

    def _authorize(self, query: dict[str, str]) -> str:
        assert query["response_type"] == "code" and query["client_id"] == CLIENT_ID
        assert query["code_challenge_method"] == "S256" and "openid" in query["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        answer = {"code": code, "state": query["state"]} | self.answer_changes
        known = {name: value for name, value in answer.items() if value is not None}
        return f"{query['redirect_uri']}?{urlencode(known)}"

    def _token(self, query: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        asked = self.codes.pop(query.get("code", ""), None)
        challenge = hashlib.sha256(query.get("code_verifier", "").encode()).digest()
        if asked is None or asked["redirect_uri"] != query.get("redirect_uri"):
            return 400, {"error": "invalid_grant"}
        if base64.urlsafe_b64encode(challenge).rstrip(b"=").decode() != asked["code_challenge"]:
            return 400, {"error": "invalid_grant", "error_description": "PKCE"}
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if authorization != f"Basic {basic}" and query.get("client_secret") != CLIENT_SECRET:
            return 401, {"error": "invalid_client"}
        return 200, {
            "access_token": "access",
            "token_type": "Bearer",
            "expires_in": 60,
            "id_token": self._id_token(asked["nonce"]),
        }

    def _id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 60, "nonce": nonce}
        claims |= (self.person if self.userinfo is None else {"sub": self.person["sub"]}) | self.token_changes
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.signature == "forged":
            return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.forged)
        if self.signature == "by our secret":
            key = OctKey.import_key(CLIENT_SECRET)
            return jwt.encode({"alg": "HS256"}, claims, key, algorithms=["HS256"])
        if self.signature == "none":
            head, body = ({"alg": "none"}, claims)
            return ".".join(
                [
                    base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode()
                    for each in (head, body)
                ]
                + [""]
            )
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.keys)


def _answer(handler: BaseHTTPRequestHandler, status: int, value: Any) -> None:
    content = json.dumps(value).encode()
    handler.send_response(status)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def _redirect(handler: BaseHTTPRequestHandler, address: str) -> None:
    handler.send_response(302)
    handler.send_header("location", address)
    handler.send_header("content-length", "0")
    handler.end_headers()
