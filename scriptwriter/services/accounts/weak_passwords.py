"""Which passwords are guessed first: common ones, keyboard rows, dates, repetitions, the username."""

from typing import Any

EVALUATED = 24
"""Characters: the work grows faster than the length, and who repeats so many is not safer for it."""
FEWEST_GUESSES = 1_000_000
"""Below that a password falls to guessing even at a sign-in page that slows it down (zxcvbn's score 1)."""
HABITS = (
    "woaini", "woaiwo", "woaiziji", "wodemima", "mima", "woshishui", "nihao", "aini", "laopo", "laogong",
    "baobei", "5201314", "1314520", "1314521", "520520", "1314", "520", "521", "5211314", "7758258",
    "7758521", "147258369", "qwe123", "asd123", "zxc123", "qaz123", "a123456", "abc123", "aa123456",
    "woaizhongguo", "zhongguo", "beijing", "密码", "我的密码", "我爱你", "你好", "一二三四五六七八九十",
    "scriptwriter", "bianju", "bianjushi", "duanju",
)  # fmt: skip
"""What is common in China and missing from the library's list, which was made of English leaks."""


def is_guessable(password: str, username: str) -> bool:
    """Whether a password is guessed within FEWEST_GUESSES, by who knows the username.

    It takes up to a quarter of a second, and 15 MB once: never call it on the event loop.
    """
    # Read with its lists by the first who needs it, not by every process at its start.
    from zxcvbn import zxcvbn

    found: Any = zxcvbn(password[:EVALUATED], user_inputs=[username, *HABITS])
    return found["guesses"] < FEWEST_GUESSES
