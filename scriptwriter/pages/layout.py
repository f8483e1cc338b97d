"""Owns what all pages share: the frame bound to the session and the preferences."""

import reflex as rx

from scriptwriter.components.frame import Surroundings, frame
from scriptwriter.settings import settings
from scriptwriter.state.preferences import PreferencesState
from scriptwriter.state.session import SessionState

LANGUAGE = PreferencesState.language


def page(*content: rx.Component, name: str) -> rx.Component:
    """A whole page in the frame; `name` is the page's name in the style sheet."""
    around = Surroundings(
        language=LANGUAGE,
        user_name=SessionState.user_name,
        switch_language=PreferencesState.switch_language,
        demo=settings().demo,
    )
    return frame(around, *content, name=name)
