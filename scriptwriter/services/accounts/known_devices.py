"""Device cookies, which tell a browser that has signed in before from an unknown one.

See owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies. The cookie is signed for
one account, and failed sign-ins with it are counted separately. The signing key is the stored password hash,
so a new password invalidates all device cookies of the account.
"""

import hashlib
import hmac
import secrets

SEVERAL = 5
"""Accounts in one device cookie. A further one replaces the account that signed in longest ago."""
_BETWEEN = "~"
_LONGEST = 100


def known(cookie: str, name: str, stored_hash: str | None) -> str:
    """The id of the device, if `cookie` is valid for the account with this folded name; else "".

    `stored_hash` is the account's password hash, or None if there is no such account.
    """
    return _found(cookie, name, stored_hash).partition(".")[0] if stored_hash else ""


def remembered(cookie: str, name: str, stored_hash: str) -> str:
    """The new device cookie after a sign-in to this account; `cookie` is the one that the browser sent."""
    made = _found(cookie, name, stored_hash) or _signed(secrets.token_urlsafe(16), name, stored_hash)
    others = [each for each in _entries(cookie) if each != made]
    return _BETWEEN.join([made, *others[: SEVERAL - 1]])


def _entries(cookie: str) -> list[str]:
    return [each for each in cookie.split(_BETWEEN, SEVERAL)[:SEVERAL] if 0 < len(each) <= _LONGEST]


def _found(cookie: str, name: str, stored_hash: str) -> str:
    for each in _entries(cookie):
        signed = _signed(each.partition(".")[0], name, stored_hash)
        if hmac.compare_digest(signed.encode("utf-8", "replace"), each.encode("utf-8", "replace")):
            return each
    return ""


def _signed(device: str, name: str, stored_hash: str) -> str:
    said = f"scriptwriter device\n{name}\n{device}".encode("utf-8", "replace")
    return f"{device}.{hmac.new(stored_hash.encode(), said, hashlib.sha256).hexdigest()}"
