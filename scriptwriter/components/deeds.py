"""Owns the list of what a person can do with a run, as components are given it. Knows no state class."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Deeds:
    """Event handlers, and Vars that say whether they can be used.

    `may_act`: the person's role allows them; `unreachable`: there is no connection now, and nothing
    that is pressed meanwhile may happen later; `stopping`: a stop is on its way.
    """

    keep: Any
    retry: Any
    retry_one: Any
    skip: Any
    rephrase: Any
    read_reply: Any
    stop: Any
    start_again: Any
    stopping: Any
    may_act: Any
    unreachable: Any
