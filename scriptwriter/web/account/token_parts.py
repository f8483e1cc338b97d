"""Owns the sheet of the API tokens: make one, see it once, revoke it. Knows no state class."""

from typing import Any

import reflex as rx

from scriptwriter.services.accounts.api_tokens import NAME_LIMIT
from scriptwriter.texts import account_texts, shared_texts
from scriptwriter.web.account.account_parts import moment, sheet
from scriptwriter.web.kit.elements import button, limited, told
from scriptwriter.web.kit.wording import t
from scriptwriter.web.sign_in.sign_in_form import password_field

FRESH = "fresh-token"
"""The id of the field in which a new token is shown: it is there all the time, so that it can be filled."""


def tokens_sheet(state: Any, *, has_password: Any, unreachable: Any) -> rx.Component:
    """The API tokens; `state` is as TokensState. Who `has_password` is asked for it."""
    return sheet(
        account_texts.API_TOKENS,
        rx.el.p(t(account_texts.API_TOKENS_WHY), class_name="lead"),
        rx.cond(
            state.tokens.length() > 0,
            rx.el.ul(
                rx.foreach(state.tokens, lambda token: _token(token, state, unreachable)),
                class_name="records",
            ),
            rx.el.p(t(account_texts.NO_TOKENS), class_name="hint"),
        ),
        _fresh(state),
        rx.el.form(
            rx.el.div(
                rx.el.label(t(account_texts.TOKEN_NAME), html_for="token-name"),
                limited(
                    rx.el.input,
                    NAME_LIMIT,
                    name="name",
                    id="token-name",
                    placeholder=t(account_texts.TOKEN_NAME_EXAMPLE),
                    auto_complete="off",
                    aria_describedby="token-problem",
                ),
                class_name="field",
            ),
            rx.cond(
                has_password,
                password_field(
                    "token-password", account_texts.YOUR_PASSWORD, new=False, described_by="token-problem"
                ),
            ),
            rx.el.p(
                told(state.problem),
                class_name="problem",
                role="alert",
                id="token-problem",
                data_testid="token-problem",
            ),
            button(
                t(account_texts.CREATE_TOKEN),
                type="submit",
                kind="plain",
                disabled=unreachable,
                data_testid="create-token",
            ),
            on_submit=state.create.temporal,
            reset_on_submit=True,
            class_name="token-form",
            aria_label=t(account_texts.CREATE_TOKEN),
        ),
        testid="tokens",
    )


def _token(token: Any, state: Any, unreachable: Any) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.strong(token.name),
            rx.el.p(
                moment(account_texts.CREATED, token.made),
                " · ",
                rx.cond(
                    token.used == "",
                    t(account_texts.NEVER_USED),
                    moment(account_texts.LAST_USED, token.used),
                ),
                rx.cond(token.where != "", rx.el.span(" · ", token.where, data_testid="token-where")),
                class_name="hint",
            ),
        ),
        rx.cond(
            state.asked == token.id,
            rx.el.div(
                button(
                    t(account_texts.REVOKE_REALLY),
                    kind="plain",
                    disabled=unreachable,
                    on_click=state.revoke(token.id).temporal,
                    data_testid="revoke-really",
                ),
                button(t(shared_texts.CANCEL), kind="quiet", on_click=state.ask("")),
                class_name="actions",
            ),
            button(
                t(account_texts.REVOKE),
                kind="quiet",
                disabled=unreachable,
                on_click=state.ask(token.id).temporal,
                data_testid="revoke",
            ),
        ),
        data_testid="token",
    )


def _fresh(state: Any) -> rx.Component:
    return rx.el.div(
        rx.el.p(t(account_texts.TOKEN_ONCE), role="status"),
        rx.el.div(
            rx.el.input(
                default_value="",
                read_only=True,
                id=FRESH,
                aria_label=t(account_texts.NEW_TOKEN),
                spell_check=False,
                data_testid="fresh-token",
            ),
            rx.el.button(
                rx.el.span(t(account_texts.COPY), class_name="off"),
                rx.el.span(t(shared_texts.COPIED), class_name="on", role="status"),
                type="button",
                class_name="button primary",
                data_copies=FRESH,
                data_testid="copy-token",
            ),
            button(t(shared_texts.DISMISS), kind="quiet", on_click=state.put_away),
            class_name="fresh-line",
        ),
        class_name="fresh",
        hidden=~state.shown,
    )
