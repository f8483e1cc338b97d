"""Owns the ways in: the form of a username and a password, its fields, and the link to an outside sign-in.

Knows no state class, and nothing of who may come in.
"""

from typing import Any

import reflex as rx

from scriptwriter.services.accounts.usernames import LONGEST_NAME, SHORTEST_NAME, SHORTEST_PASSWORD
from scriptwriter.texts import Text, shared_texts, sign_in_texts
from scriptwriter.web.kit.elements import api_address, link, post_form, told
from scriptwriter.web.kit.wording import t


def entry_form(
    path: str,
    submit_text: Text,
    *,
    problem: Any,
    username: Any,
    onward: Any,
    new: bool = False,
) -> rx.Component:
    """Username and password, posted to `path` of the HTTP API.

    `problem` is a Var of Notice, `username` what was typed before, `onward` the page to go to afterwards;
    `new` for an account that is being made.
    """
    rule = t(sign_in_texts.USERNAME_RULE, least=SHORTEST_NAME, most=LONGEST_NAME)
    return post_form(
        path,
        rx.el.input(type="hidden", name="next", value=onward, read_only=True),
        rx.el.p(
            told(problem),
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
                default_value=username,
                # A default is heeded when the field is made only, and the typed name comes after that.
                key=username,
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
    """A password with a switch to show it (assets/account.js); nothing limits what is pasted into it."""
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


def outside_link(path: str, name: str, *, onward: Any, unreachable: Any) -> rx.Component:
    """The way to an outside sign-in of that name, through `path` of the HTTP API."""
    here = 'typeof window === "undefined" ? "" : window.location.origin'
    query = rx.Var(f"new URLSearchParams({{page: {here}, next: {onward!s}}}).toString()").to(str)
    return link(
        t(sign_in_texts.SIGN_IN_WITH, name=name),
        href=api_address(path) + rx.Var.create("?").to(str) + query,
        reload_document=True,
        # Drawn anew when the page is connected: only then it knows the browser's address.
        key=rx.cond(unreachable, "before", "now"),
        class_name="button plain",
        data_testid="sign-in-outside",
    )
