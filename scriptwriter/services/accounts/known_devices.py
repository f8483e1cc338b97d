"""Device cookies: what tells a browser in which somebody has signed in from a stranger's.

As OWASP describes them (owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies): a
browser proves by a signature that somebody signed in there to this account, and its failures are counted by
themselves. The key is the stored hash of the password, so a new password ends all devices of its account.
"""

import hashlib
import hmac
import secrets

SEVERAL = 5
"""Accounts that one browser is known for; the one signed in to longest ago is forgotten for a further one."""
_BETWEEN = "~"
_LONGEST = 100


def known(cookie: str, name: str, stored_hash: str | None) -> str:
    """The id of the device whose `cookie` this is, if it is known for the account with this folded name.

    `stored_hash` is that of the account's password, None where there is no such account. "" if it is unknown.
    """
    return _found(cookie, name, stored_hash).partition(".")[0] if stored_hash else ""


def remembered(cookie: str, name: str, stored_hash: str) -> str:
    """The cookie of a device with which somebody has just signed in to this account; `cookie` is its last."""
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
