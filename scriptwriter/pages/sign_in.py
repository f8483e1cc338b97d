"""Owns the sign-in page."""

import reflex as rx

from scriptwriter.components.elements import post_form
from scriptwriter.components.wording import t
from scriptwriter.pages.layout import LANGUAGE, page
from scriptwriter.settings import settings
from scriptwriter.texts import (
    PITCH,
    SAMPLE_BODY,
    SAMPLE_TITLE,
    SIGN_IN,
    SIGN_IN_AS_TEST_USER,
    SIGN_IN_UNAVAILABLE,
    TAGLINE,
    TEST_USER_WHY,
)

# Where the person wanted to go: the API checks it, the page only carries it.
_SEARCH = 'typeof window === "undefined" ? "" : window.location.search'
_NEXT = rx.Var(f'(new URLSearchParams({_SEARCH}).get("next") ?? "/projects")').to(str)


def sign_in() -> rx.Component:
    """What this place is, and the way in."""
    return page(
        rx.el.section(
            rx.el.h1(t(TAGLINE, LANGUAGE)),
            rx.el.p(t(PITCH, LANGUAGE), class_name="lead"),
            _test_user() if settings().development else rx.el.p(t(SIGN_IN_UNAVAILABLE, LANGUAGE)),
            class_name="welcome",
            aria_label=t(SIGN_IN, LANGUAGE),
        ),
        rx.el.div(
            rx.el.div(class_name="stack-sheet stack-1"),
            rx.el.div(class_name="stack-sheet stack-2"),
            rx.el.div(
                rx.el.p(t(SAMPLE_TITLE, LANGUAGE), class_name="stack-title"),
                rx.el.p(t(SAMPLE_BODY, LANGUAGE), class_name="stack-body caret"),
                class_name="stack-sheet stack-3",
            ),
            class_name="stack",
            aria_hidden="true",
        ),
        name="sign-in",
    )


def _test_user() -> rx.Component:
    return post_form(
        "/api/session/test-user",
        rx.el.input(type="hidden", name="next", value=_NEXT, read_only=True),
        rx.el.button(
            t(SIGN_IN_AS_TEST_USER, LANGUAGE),
            type="submit",
            class_name="button primary",
            data_testid="sign-in-test-user",
        ),
        rx.el.p(t(TEST_USER_WHY, LANGUAGE), class_name="hint"),
        class_name="sign-in-form",
    )
