"""The sections of the account page for the password and the signed-in devices."""

import reflex as rx
from reflex.vars import ObjectVar

from scriptwriter.texts import Text, account_texts, sign_in_texts
from scriptwriter.web.account.account_state import AccountState, SessionView
from scriptwriter.web.kit.browser_vars import UNREACHABLE
from scriptwriter.web.kit.elements import button, told
from scriptwriter.web.kit.wording import in_language, t
from scriptwriter.web.sign_in.sign_in_form import password_field


def password_sheet() -> rx.Component:
    """The form that changes the password."""
    return sheet(
        account_texts.CHANGE_PASSWORD,
        rx.el.form(
            # Password managers read this hidden field to find the account of the password.
            rx.el.input(
                type="text",
                name="username",
                value=AccountState.username,
                read_only=True,
                auto_complete="username",
                class_name="unseen",
                tab_index=-1,
                aria_hidden="true",
            ),
            password_field(
                "current", account_texts.CURRENT_PASSWORD, new=False, described_by="password-problem"
            ),
            password_field("new", account_texts.NEW_PASSWORD, new=True, described_by="password-problem"),
            # An unchecked box sends nothing. This field then sends "keep"; otherwise the last value counts.
            rx.el.input(type="hidden", name="tokens", value="keep", read_only=True),
            rx.el.label(
                rx.el.input(type="checkbox", name="tokens", value="revoke", default_checked=True),
                rx.el.span(t(account_texts.REVOKE_ALL_TOKENS)),
                class_name="tick",
            ),
            rx.el.p(
                told(AccountState.problem),
                class_name="problem",
                role="alert",
                id="password-problem",
                data_testid="password-problem",
            ),
            rx.el.p(in_language(AccountState.done), class_name="done", role="status"),
            button(
                t(account_texts.CHANGE_PASSWORD),
                type="submit",
                disabled=AccountState.changing | UNREACHABLE,
                data_testid="change-password",
            ),
            on_submit=AccountState.change_password.temporal,
            reset_on_submit=True,
            class_name="entry-form",
            aria_label=t(account_texts.CHANGE_PASSWORD),
        ),
        testid="password-sheet",
    )


def devices_sheet() -> rx.Component:
    """The devices on which the person is signed in."""
    return sheet(
        account_texts.DEVICES,
        rx.el.ul(
            rx.foreach(AccountState.sessions, _device),
            class_name="records",
        ),
        rx.cond(
            AccountState.sessions.length() > 1,
            button(
                t(account_texts.SIGN_OUT_OTHERS),
                kind="plain",
                disabled=UNREACHABLE,
                on_click=AccountState.sign_out_others().temporal,
                data_testid="sign-out-others",
            ),
        ),
        testid="devices",
    )


def sheet(title: Text, *content: rx.Component, testid: str) -> rx.Component:
    """A section of the account page with its title."""
    return rx.el.section(rx.el.h2(t(title)), *content, class_name="account-sheet", data_testid=testid)


def _device(session: ObjectVar[SessionView]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.strong(in_language(session)),
            rx.el.p(
                moment(account_texts.LAST_SEEN, session.seen),
                " · ",
                moment(account_texts.SIGNED_IN, session.begun),
                class_name="hint",
            ),
        ),
        rx.cond(
            session.this_one,
            rx.el.span(t(account_texts.THIS_DEVICE), class_name="chip"),
            button(
                t(sign_in_texts.SIGN_OUT),
                kind="quiet",
                disabled=UNREACHABLE,
                on_click=AccountState.sign_out_one(session.id).temporal,
                data_testid="sign-out-one",
            ),
        ),
        data_testid="device",
    )


def moment(text: Text, at: rx.Var[str]) -> rx.Component:
    """A label with a time; `at` is a Var in ISO 8601."""
    return rx.el.span(t(text), " ", rx.el.time(date_time=at, data_when=at))
