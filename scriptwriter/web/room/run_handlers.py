"""Owns the list of what a person can do with a run and its ideas, as components are given it.

Knows no state class.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Deeds:
    """Event handlers, and Vars that say whether they can be used.

    `may_act`: the person's role allows them; `unreachable`: there is no connection now, and nothing
    that is pressed meanwhile may happen later; `stopping`: a stop is on its way.
    """

    retry: Any
    retry_one: Any
    skip: Any
    rephrase: Any
    stop: Any
    start_again: Any
    open_brief: Any
    stopping: Any
    may_act: Any
    unreachable: Any
    ideas: "IdeaDeeds"


@dataclass(frozen=True)
class IdeaDeeds:
    """What can be done with one idea: event handlers; and Vars of what is open on its sheet.

    `editing`, `reasoning` and `history` hold the ref of the idea whose text, reason or versions are open.
    """

    pick: Any
    give_reason: Any
    give_own_reason: Any
    close_reason: Any
    edit: Any
    save: Any
    close_editor: Any
    show_versions: Any
    restore: Any
    like: Any
    retitle: Any
    select: Any
    trace: Any
    editing: Any
    base: Any
    draft_title: Any
    draft_body: Any
    conflict: Any
    reasoning: Any
    history: Any
    selected: Any
