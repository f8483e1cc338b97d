"""Which passwords count as guessable."""

import time

import pytest

from scriptwriter.services.accounts.weak_passwords import EVALUATED, is_guessable


@pytest.mark.parametrize(
    "password",
    [
        "password", "Passw0rd!", "12345678", "88888888", "qwertyuiop", "1q2w3e4r5t", "asdfghjkl", "a1234567",
        "woaini1314", "woaini520", "5201314520", "wodemima", "5211314a", "1314520521", "qwe123456",
        "我的密码我的密码",
        "19900101", "20240101", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "abcabcabcabc", "iloveyou1314",
        "admin123", "xiaolan123", "XiaoLan2024", "password" * 16,
    ],
)  # fmt: skip
def test_common_passwords_are_guessable(password: str) -> None:
    """Frequent passwords, keyboard rows, dates, repetitions, and the username with an addition."""
    assert is_guessable(password, "xiaolan")


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "another long password",
        "窗外的蝉声停了三次",
        "kX9-mvtq",
        "guliang-4-chuanzhang",
    ],
)
def test_unrelated_words_and_random_letters_are_not_guessable(password: str) -> None:
    """So a good password can be found."""
    assert not is_guessable(password, "xiaolan")


def test_the_longest_password_takes_no_longer_than_a_short_one() -> None:
    """The check reads only the beginning: characters that may stand for letters would take seconds."""
    worst = "4@8({[<3696!1|7150$5+7%2"
    began = time.perf_counter()
    is_guessable(worst * 40, "xiaolan")
    whole, began = time.perf_counter() - began, time.perf_counter()
    is_guessable(worst[:EVALUATED], "xiaolan")
    part = time.perf_counter() - began

    assert whole < 10 * part + 1
