"""Refuses passwords that are guessed first: common ones, keyboard rows, dates, repetitions, the username."""

from typing import Any

EVALUATED = 24
"""Characters that are evaluated: the cost grows faster than the length."""
FEWEST_GUESSES = 1_000_000
"""Fewer guesses succeed even against a throttled sign-in (zxcvbn's score 1)."""
HABITS = (
    "woaini", "woaiwo", "woaiziji", "wodemima", "mima", "woshishui", "nihao", "aini", "laopo", "laogong",
    "baobei", "5201314", "1314520", "1314521", "520520", "1314", "520", "521", "5211314", "7758258",
    "7758521", "147258369", "qwe123", "asd123", "zxc123", "qaz123", "a123456", "abc123", "aa123456",
    "woaizhongguo", "zhongguo", "beijing", "密码", "我的密码", "我爱你", "你好", "一二三四五六七八九十",
    "scriptwriter", "bianju", "bianjushi", "duanju",
)  # fmt: skip
"""Common passwords in China that the library's list, made from English leaks, lacks."""


def is_guessable(password: str, username: str) -> bool:
    """Whether fewer than FEWEST_GUESSES guesses find the password, given the username.

    It takes up to 0.25 s, and 15 MB once. Do not call it on the event loop.
    """
    # Imported on first use: the module loads its word lists.
    from zxcvbn import zxcvbn

    found: Any = zxcvbn(password[:EVALUATED], user_inputs=[username, *HABITS])
    return found["guesses"] < FEWEST_GUESSES
