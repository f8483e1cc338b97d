"""The form with username and password, and the link to the sign-in with an OpenID Connect provider."""

import reflex as rx

from scriptwriter.services.accounts.usernames import LONGEST_NAME, SHORTEST_NAME, SHORTEST_PASSWORD
from scriptwriter.texts import Text, shared_texts, sign_in_texts
from scriptwriter.web.kit.browser_vars import UNREACHABLE
from scriptwriter.web.kit.elements import api_address, link, post_form, told
from scriptwriter.web.kit.wording import t
from scriptwriter.web.sign_in.sign_in_state import SignInState

_SEARCH = 'typeof window === "undefined" ? "" : window.location.search'
NEXT = rx.Var(f'(new URLSearchParams({_SEARCH}).get("next") ?? "/projects")').to(str)
"""A Var: the path of the page to open after signing in. The HTTP API checks it."""


def entry_form(
    path: str,
    submit_text: Text,
    *,
    new: bool = False,
) -> rx.Component:
    """A form with username and password, posted to `path` of the HTTP API.

    `new` says that the form registers an account. Afterwards the browser opens the page NEXT.
    """
    rule = t(sign_in_texts.USERNAME_RULE, least=SHORTEST_NAME, most=LONGEST_NAME)
    return post_form(
        path,
        rx.el.input(type="hidden", name="next", value=NEXT, read_only=True),
        rx.el.p(
            told(SignInState.problem),
            class_name="problem form-problem",
            role="alert",
            id="entry-problem",
            data_testid="problem",
        ),
        rx.el.div(
            rx.el.label(t(sign_in_texts.USERNAME), html_for="username"),
            rx.el.input(
                name="username",
                id="username",
                default_value=SignInState.username,
                # React reads a default value only when it creates the field; the new key creates it again.
                key=SignInState.username,
                auto_complete="username",
                auto_capitalize="none",
                spell_check=False,
                required=True,
                aria_describedby="username-rule entry-problem" if new else "entry-problem",
            ),
            rx.el.p(rule, class_name="hint", id="username-rule") if new else rx.fragment(),
            class_name="field",
        ),
        password_field("password", sign_in_texts.PASSWORD, new=new, described_by="entry-problem"),
        rx.el.button(
            t(submit_text),
            type="submit",
            class_name="button primary submit",
            data_testid="submit-entry",
        ),
        class_name="entry-form",
        aria_label=t(submit_text),
    )


def password_field(name: str, label: Text, *, new: bool, described_by: str = "") -> rx.Component:
    """A password field with a button that shows the password (assets/account.js), without a length limit."""
    rule = f"{name}-rule"
    describing = [each for each in (rule if new else "", described_by) if each]
    return rx.el.div(
        rx.el.label(t(label), html_for=name),
        rx.el.div(
            rx.el.input(
                name=name,
                id=name,
                type="password",
                auto_complete="new-password" if new else "current-password",
                required=True,
                aria_describedby=" ".join(describing),
            ),
            rx.el.button(
                rx.el.span(t(shared_texts.SHOW), class_name="off"),
                rx.el.span(t(shared_texts.HIDE), class_name="on"),
                type="button",
                class_name="reveal",
                aria_label=t(sign_in_texts.SHOW_PASSWORD),
                aria_pressed="false",
                aria_controls=name,
                data_reveals=name,
            ),
            class_name="password",
        ),
        rx.el.p(t(sign_in_texts.PASSWORD_RULE, shortest=SHORTEST_PASSWORD), class_name="hint", id=rule)
        if new
        else rx.fragment(),
        class_name="field",
    )


def outside_link(path: str, name: str) -> rx.Component:
    """A link to the sign-in with the OpenID Connect provider `name`, through `path` of the HTTP API."""
    here = 'typeof window === "undefined" ? "" : window.location.origin'
    query = rx.Var(f"new URLSearchParams({{page: {here}, next: {NEXT!s}}}).toString()").to(str)
    return link(
        t(sign_in_texts.SIGN_IN_WITH, name=name),
        href=api_address(path) + rx.Var.create("?").to(str) + query,
        reload_document=True,
        # The new key renders the link again when the page has connected and knows `window.location`.
        key=rx.cond(UNREACHABLE, "before", "now"),
        class_name="button plain",
        data_testid="sign-in-outside",
    )
