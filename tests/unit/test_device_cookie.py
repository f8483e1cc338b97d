"""The cookie that shows that somebody has signed in to an account with this browser before."""

import pytest

from scriptwriter.services.accounts.known_devices import SEVERAL, known, remembered

HASH, ANOTHER = "$argon2id$one", "$argon2id$another"


def test_a_device_is_known_for_its_account_until_the_password_changes() -> None:
    """It has the same id each time. It is not known for another or an unknown account."""
    cookie = remembered("", "liming", HASH)

    assert known(cookie, "liming", HASH)
    assert known(remembered(cookie, "liming", HASH), "liming", HASH) == known(cookie, "liming", HASH)
    assert (
        known(cookie, "wang", HASH) == known(cookie, "liming", ANOTHER) == known(cookie, "liming", None) == ""
    )


@pytest.mark.parametrize("change", [str.upper, lambda cookie: cookie[:-1], lambda cookie: "x" + cookie])
def test_a_device_cookie_with_a_wrong_signature_is_unknown(change) -> None:
    """Whatever else the cookie contains."""
    assert known(change(remembered("", "liming", HASH)), "liming", HASH) == ""
    for cookie in ("", ".", "~~~", "x" * 30_000, "\ud800.\ud800", "é~."):
        assert known(cookie, "liming", HASH) == ""


def test_a_browser_is_known_for_several_accounts() -> None:
    """For those that were signed in to last; the cookie stays short."""
    cookie = "x" * 3_000
    for number in range(SEVERAL + 1):
        cookie = remembered(cookie, f"person {number}", HASH)

    assert [bool(known(cookie, f"person {number}", HASH)) for number in range(SEVERAL + 1)] == [
        False,
        *[True] * SEVERAL,
    ]
    assert len(cookie) < 600
