"""Owns the idea that grows in one tab. Knows no project.

It has a state of its own: a delta then touches only its sheet, in the browser too.
"""

import reflex as rx

from scriptwriter.web.kit.session_state import SessionState


class WritingState(SessionState):
    """The one idea that is being written; number 0: none is."""

    number: rx.Field[int] = rx.field(0)
    title: rx.Field[str] = rx.field("")
    body: rx.Field[str] = rx.field("")
