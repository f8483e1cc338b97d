"""Owns the page of a person's own account."""

import reflex as rx

from scriptwriter.components.account import devices_sheet, password_sheet
from scriptwriter.components.elements import notice
from scriptwriter.components.tokens import tokens_sheet
from scriptwriter.components.wording import t
from scriptwriter.pages.layout import LANGUAGE, UNREACHABLE, page
from scriptwriter.state.account import AccountState
from scriptwriter.state.session import SessionState
from scriptwriter.state.tokens import TokensState
from scriptwriter.texts import ACCOUNT, LOADING


def account() -> rx.Component:
    """Password, devices, tokens."""
    return page(
        rx.el.header(
            rx.el.h1(t(ACCOUNT, LANGUAGE)),
            rx.el.p(SessionState.user_name, class_name="project-title"),
            class_name="page-heading",
        ),
        rx.cond(
            AccountState.loaded,
            rx.el.div(
                rx.cond(
                    AccountState.username != "",
                    password_sheet(AccountState, LANGUAGE, unreachable=UNREACHABLE),
                ),
                devices_sheet(AccountState, LANGUAGE, unreachable=UNREACHABLE),
                tokens_sheet(
                    TokensState,
                    LANGUAGE,
                    has_password=AccountState.username != "",
                    unreachable=UNREACHABLE,
                ),
                class_name="account-sheets",
            ),
            rx.el.p(t(LOADING, LANGUAGE), class_name="loading", role="status"),
        ),
        notice(AccountState.notice, LANGUAGE, AccountState.dismiss),
        name="account",
    )
