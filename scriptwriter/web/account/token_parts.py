"""The section of the account page for API tokens: create one (it is shown only once), revoke one."""

import reflex as rx
from reflex.vars import ObjectVar

from scriptwriter.services.accounts.api_tokens import NAME_LIMIT
from scriptwriter.texts import account_texts, shared_texts
from scriptwriter.web.account.account_parts import moment, sheet
from scriptwriter.web.account.account_state import AccountState
from scriptwriter.web.account.tokens_state import FRESH, TokensState, TokenView
from scriptwriter.web.kit.browser_vars import UNREACHABLE
from scriptwriter.web.kit.elements import button, limited, told
from scriptwriter.web.kit.wording import t
from scriptwriter.web.sign_in.sign_in_form import password_field


def tokens_sheet() -> rx.Component:
    """The list of API tokens, and the form that creates one, with the password of a person who has one."""
    return sheet(
        account_texts.API_TOKENS,
        rx.el.p(t(account_texts.API_TOKENS_WHY), class_name="lead"),
        rx.cond(
            TokensState.tokens.length() > 0,
            rx.el.ul(
                rx.foreach(TokensState.tokens, _token),
                class_name="records",
            ),
            rx.el.p(t(account_texts.NO_TOKENS), class_name="hint"),
        ),
        _fresh(),
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
                AccountState.username != "",
                password_field(
                    "token-password", account_texts.YOUR_PASSWORD, new=False, described_by="token-problem"
                ),
            ),
            rx.el.p(
                told(TokensState.problem),
                class_name="problem",
                role="alert",
                id="token-problem",
                data_testid="token-problem",
            ),
            button(
                t(account_texts.CREATE_TOKEN),
                type="submit",
                kind="plain",
                disabled=UNREACHABLE,
                data_testid="create-token",
            ),
            on_submit=TokensState.create.temporal,
            reset_on_submit=True,
            class_name="token-form",
            aria_label=t(account_texts.CREATE_TOKEN),
        ),
        testid="tokens",
    )


def _token(token: ObjectVar[TokenView]) -> rx.Component:
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
            TokensState.asked == token.id,
            rx.el.div(
                button(
                    t(account_texts.REVOKE_REALLY),
                    kind="plain",
                    disabled=UNREACHABLE,
                    on_click=TokensState.revoke(token.id).temporal,
                    data_testid="revoke-really",
                ),
                button(t(shared_texts.CANCEL), kind="quiet", on_click=TokensState.ask("")),
                class_name="actions",
            ),
            button(
                t(account_texts.REVOKE),
                kind="quiet",
                disabled=UNREACHABLE,
                on_click=TokensState.ask(token.id).temporal,
                data_testid="revoke",
            ),
        ),
        data_testid="token",
    )


def _fresh() -> rx.Component:
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
            button(t(shared_texts.DISMISS), kind="quiet", on_click=TokensState.hide_token),
            class_name="fresh-line",
        ),
        class_name="fresh",
        hidden=~TokensState.shown,
    )
