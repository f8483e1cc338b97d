"""Owns the sheets of the account page: the password, the devices, the API tokens. Knows no state class."""

from typing import Any

import reflex as rx

from scriptwriter.components.elements import button, in_language
from scriptwriter.components.entry import password_field
from scriptwriter.components.wording import Language, t
from scriptwriter.texts import (
    API_TOKENS,
    API_TOKENS_WHY,
    CANCEL,
    CHANGE_PASSWORD,
    COPIED,
    COPY,
    CREATE_TOKEN,
    CREATED,
    CURRENT_PASSWORD,
    DEVICES,
    DISMISS,
    LAST_SEEN,
    LAST_USED,
    NEVER_USED,
    NEW_PASSWORD,
    NEW_TOKEN,
    NO_TOKENS,
    REVOKE,
    REVOKE_REALLY,
    SIGN_OUT,
    SIGN_OUT_OTHERS,
    SIGNED_IN,
    THIS_DEVICE,
    TOKEN_NAME,
    TOKEN_NAME_EXAMPLE,
    TOKEN_ONCE,
    Text,
)

FRESH = "fresh-token"
"""The id of the field in which a new token is shown: it is there all the time, so that it can be filled."""


def password_sheet(state: Any, language: Language, *, unreachable: Any) -> rx.Component:
    """The form that changes the password; `state` is as AccountState."""
    return _sheet(
        CHANGE_PASSWORD,
        language,
        rx.el.form(
            # A password manager finds out by it whose password this is.
            rx.el.input(
                type="text",
                name="username",
                value=state.username,
                read_only=True,
                auto_complete="username",
                class_name="unseen",
                tab_index=-1,
                aria_hidden="true",
            ),
            password_field("current", CURRENT_PASSWORD, language, new=False, described_by="password-problem"),
            password_field("new", NEW_PASSWORD, language, new=True, described_by="password-problem"),
            rx.el.p(
                in_language(state.problem, language),
                class_name="problem",
                role="alert",
                id="password-problem",
                data_testid="password-problem",
            ),
            rx.el.p(in_language(state.done, language), class_name="done", role="status"),
            button(
                t(CHANGE_PASSWORD, language),
                type="submit",
                disabled=state.changing | unreachable,
                data_testid="change-password",
            ),
            on_submit=state.change_password.temporal,
            reset_on_submit=True,
            class_name="entry-form",
            aria_label=t(CHANGE_PASSWORD, language),
        ),
        testid="password-sheet",
    )


def devices_sheet(state: Any, language: Language, *, unreachable: Any) -> rx.Component:
    """Where the person is signed in; `state` is as AccountState."""
    return _sheet(
        DEVICES,
        language,
        rx.el.ul(
            rx.foreach(state.sessions, lambda session: _device(session, state, language, unreachable)),
            class_name="records",
        ),
        rx.cond(
            state.sessions.length() > 1,
            button(
                t(SIGN_OUT_OTHERS, language),
                kind="plain",
                disabled=unreachable,
                on_click=state.sign_out_others().temporal,
                data_testid="sign-out-others",
            ),
        ),
        testid="devices",
    )


def tokens_sheet(state: Any, language: Language, *, unreachable: Any) -> rx.Component:
    """The API tokens; `state` is as TokensState."""
    return _sheet(
        API_TOKENS,
        language,
        rx.el.p(t(API_TOKENS_WHY, language), class_name="lead"),
        rx.cond(
            state.tokens.length() > 0,
            rx.el.ul(
                rx.foreach(state.tokens, lambda token: _token(token, state, language, unreachable)),
                class_name="records",
            ),
            rx.el.p(t(NO_TOKENS, language), class_name="hint"),
        ),
        _fresh(state, language),
        rx.el.form(
            rx.el.div(
                rx.el.label(t(TOKEN_NAME, language), html_for="token-name"),
                rx.el.input(
                    name="name",
                    id="token-name",
                    placeholder=t(TOKEN_NAME_EXAMPLE, language),
                    auto_complete="off",
                    aria_describedby="token-problem",
                ),
                rx.el.p(
                    in_language(state.problem, language),
                    class_name="problem",
                    role="alert",
                    id="token-problem",
                    data_testid="token-problem",
                ),
                class_name="field",
            ),
            button(
                t(CREATE_TOKEN, language),
                type="submit",
                kind="plain",
                disabled=unreachable,
                data_testid="create-token",
            ),
            on_submit=state.create.temporal,
            reset_on_submit=True,
            class_name="token-form",
            aria_label=t(CREATE_TOKEN, language),
        ),
        testid="tokens",
    )


def _sheet(title: Text, language: Language, *content: rx.Component, testid: str) -> rx.Component:
    return rx.el.section(
        rx.el.h2(t(title, language)), *content, class_name="account-sheet", data_testid=testid
    )


def _device(session: Any, state: Any, language: Language, unreachable: Any) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.strong(in_language(session, language)),
            rx.el.p(
                _moment(LAST_SEEN, session.seen, language),
                " · ",
                _moment(SIGNED_IN, session.begun, language),
                class_name="hint",
            ),
        ),
        rx.cond(
            session.this_one,
            rx.el.span(t(THIS_DEVICE, language), class_name="chip"),
            button(
                t(SIGN_OUT, language),
                kind="quiet",
                disabled=unreachable,
                on_click=state.sign_out_one(session.id).temporal,
                data_testid="sign-out-one",
            ),
        ),
        data_testid="device",
    )


def _token(token: Any, state: Any, language: Language, unreachable: Any) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.strong(token.name),
            rx.el.p(
                _moment(CREATED, token.made, language),
                " · ",
                rx.cond(token.used == "", t(NEVER_USED, language), _moment(LAST_USED, token.used, language)),
                class_name="hint",
            ),
        ),
        rx.cond(
            state.asked == token.id,
            rx.el.div(
                button(
                    t(REVOKE_REALLY, language),
                    kind="plain",
                    disabled=unreachable,
                    on_click=state.revoke(token.id).temporal,
                    data_testid="revoke-really",
                ),
                button(t(CANCEL, language), kind="quiet", on_click=state.ask("")),
                class_name="actions",
            ),
            button(
                t(REVOKE, language),
                kind="quiet",
                disabled=unreachable,
                on_click=state.ask(token.id).temporal,
                data_testid="revoke",
            ),
        ),
        data_testid="token",
    )


def _fresh(state: Any, language: Language) -> rx.Component:
    return rx.el.div(
        rx.el.p(t(TOKEN_ONCE, language), role="status"),
        rx.el.div(
            rx.el.input(
                default_value="",
                read_only=True,
                id=FRESH,
                aria_label=t(NEW_TOKEN, language),
                spell_check=False,
                data_testid="fresh-token",
            ),
            rx.el.button(
                rx.el.span(t(COPY, language), class_name="off"),
                rx.el.span(t(COPIED, language), class_name="on", role="status"),
                type="button",
                class_name="button primary",
                data_copies=FRESH,
                data_testid="copy-token",
            ),
            button(t(DISMISS, language), kind="quiet", on_click=state.put_away),
            class_name="fresh-line",
        ),
        class_name="fresh",
        hidden=~state.shown,
    )


def _moment(text: Text, moment: Any, language: Language) -> rx.Component:
    return rx.el.span(t(text, language), " ", rx.el.time(date_time=moment, data_when=moment))
