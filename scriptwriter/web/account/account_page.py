"""The account page."""

import reflex as rx

from scriptwriter.texts import account_texts, shared_texts
from scriptwriter.web.account.account_parts import devices_sheet, password_sheet
from scriptwriter.web.account.account_state import AccountState
from scriptwriter.web.account.token_parts import tokens_sheet
from scriptwriter.web.kit.elements import notice
from scriptwriter.web.kit.frame import page
from scriptwriter.web.kit.session_state import SessionState
from scriptwriter.web.kit.wording import t


def account() -> rx.Component:
    """The account page: password, devices and API tokens."""
    return page(
        rx.el.header(
            rx.el.h1(t(account_texts.ACCOUNT)),
            rx.el.p(SessionState.user_name, class_name="project-title"),
            class_name="page-heading",
        ),
        rx.cond(
            AccountState.loaded,
            rx.el.div(
                rx.cond(
                    AccountState.username != "",
                    password_sheet(),
                ),
                devices_sheet(),
                tokens_sheet(),
                class_name="account-sheets",
            ),
            rx.el.p(t(shared_texts.LOADING), class_name="loading", role="status"),
        ),
        notice(AccountState.notice, AccountState.dismiss),
        name="account",
    )
