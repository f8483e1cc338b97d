"""Owns what all pages share: the frame bound to the session and the preferences."""

import reflex as rx
from reflex_components_core.core.banner import has_connection_errors

from scriptwriter.settings import settings
from scriptwriter.web.kit.frame import Surroundings, frame
from scriptwriter.web.kit.language_state import LanguageState
from scriptwriter.web.kit.session_state import SessionState

OFFLINE = has_connection_errors
"""A Var: whether this browser has lost its server."""
UNREACHABLE = OFFLINE | ~rx.State.is_hydrated
"""A Var: whether an event of this page would get lost; so it is too before a fresh page is connected."""


def page(*content: rx.Component, name: str) -> rx.Component:
    """A whole page in the frame; `name` is the page's name in the style sheet."""
    around = Surroundings(
        user_name=SessionState.user_name,
        switch_language=LanguageState.switch_language,
        demo=settings().demo,
        offline=OFFLINE,
        person_key=SessionState.person_key,
        settled=SessionState.settled,
        ask_for_sent=SessionState.ask_for_sent,
    )
    return frame(around, *content, name=name)
