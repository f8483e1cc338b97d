"""Owns the raw reply of a run while a person looks at it. Knows no SQL, and nothing of what it means."""

import reflex as rx

from scriptwriter.state.session import SessionState

LONGEST = 200_000
"""Characters; of a longer reply the end is shown, with the newest attempt."""


class ReplyState(SessionState):
    """The text in the dialog of the raw reply."""

    text: rx.Field[str] = rx.field("")
    shown: rx.Field[int] = rx.field(0)
    """How often it was asked for: each time opens the dialog (screen.js)."""

    @rx.event
    def put_away(self) -> None:
        """The person has closed the dialog."""
        self.text = ""
