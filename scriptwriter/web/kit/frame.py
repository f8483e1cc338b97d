"""Owns the frame around every page: masthead, navigation, switches, connection banner. Knows no page."""

from dataclasses import dataclass
from typing import Any

import reflex as rx
from reflex_components_core.base.error_boundary import ErrorBoundary

from scriptwriter.operations.version import version
from scriptwriter.texts import account_texts, brief_texts, projects_texts, shared_texts, sign_in_texts
from scriptwriter.web.kit.elements import demo_chip, icon, link, post_form
from scriptwriter.web.kit.wording import by_language, t


@dataclass(frozen=True)
class Surroundings:
    """What the frame shows and does: Vars, event handlers, and whether the demo model writes."""

    user_name: Any
    switch_language: Any
    demo: bool
    offline: Any
    person_key: Any
    settled: Any
    ask_for_sent: Any


def frame(around: Surroundings, *content: rx.Component, name: str) -> rx.Component:
    """A whole page: `content` under the masthead; `name` is the page's name in the style sheet."""
    return rx.el.div(
        rx.el.a(t(shared_texts.SKIP_TO_CONTENT), href="#content", class_name="skip"),
        _masthead(around),
        _connection(around.offline),
        rx.el.main(*content, id="content", class_name="content"),
        rx.el.footer(t(shared_texts.PRODUCT), " ", version(), class_name="footer", data_testid="version"),
        # For assets/drafts.js: whose drafts these are, which one was saved or sent, and how it asks.
        rx.el.input(hidden=True, on_change=around.ask_for_sent, aria_hidden="true", data_asks=True),
        class_name=f"page page-{name}",
        data_person=around.person_key,
        data_settled=around.settled,
        lang=by_language("zh-CN", "en"),
    )


def broken_page() -> rx.Component:
    """What stands instead of a page whose components failed; no state can be asked for a language here."""
    return ErrorBoundary.create(
        fallback_render=rx.Var.create(
            rx.el.main(
                rx.el.h1(shared_texts.BROKEN.zh),
                rx.el.p(shared_texts.BROKEN.en, lang="en", class_name="lead"),
                rx.el.a(
                    f"{shared_texts.RELOAD.zh} · {shared_texts.RELOAD.en}",
                    href="",
                    class_name="button primary",
                ),
                class_name="content broken-page",
                role="alert",
            )
        )
    )


def _masthead(around: Surroundings) -> rx.Component:
    return rx.el.header(
        link(
            rx.el.span("编", class_name="seal", aria_hidden="true"),
            rx.el.span(t(shared_texts.PRODUCT), class_name="brand-name"),
            href="/projects",
            class_name="brand",
            aria_label=t(shared_texts.PRODUCT),
        ),
        demo_chip() if around.demo else rx.fragment(),
        rx.el.nav(
            rx.cond(
                around.user_name != "",
                rx.fragment(
                    link(
                        t(projects_texts.PROJECTS),
                        href="/projects",
                        class_name="nav-link wide-only",
                    ),
                    link(
                        t(brief_texts.NEW_PROJECT),
                        href="/projects/new",
                        class_name="nav-link wide-only",
                    ),
                ),
            ),
            class_name="navigation",
        ),
        rx.el.div(
            rx.el.button(
                t(shared_texts.OTHER_LANGUAGE),
                type="button",
                class_name="switch",
                on_click=around.switch_language,
                aria_label=t(shared_texts.SWITCH_LANGUAGE),
                lang=by_language("en", "zh-CN"),
                data_testid="switch-language",
            ),
            rx.el.button(
                icon("theme"),
                type="button",
                class_name="switch",
                on_click=rx.toggle_color_mode,
                aria_label=t(shared_texts.SWITCH_THEME),
                data_testid="switch-theme",
            ),
            rx.cond(
                around.user_name != "",
                post_form(
                    "/api/session/sign-out",
                    link(
                        around.user_name,
                        href="/account",
                        class_name="user-name",
                        title=t(account_texts.ACCOUNT),
                        data_testid="user-name",
                    ),
                    rx.el.button(
                        icon("sign-out"),
                        type="submit",
                        class_name="switch",
                        aria_label=t(sign_in_texts.SIGN_OUT),
                        title=t(sign_in_texts.SIGN_OUT),
                        data_testid="sign-out",
                    ),
                    class_name="account",
                ),
            ),
            class_name="switches",
        ),
        class_name="masthead",
    )


def _connection(offline: Any) -> rx.Component:
    return rx.cond(
        offline,
        rx.el.p(t(shared_texts.OFFLINE), class_name="offline", role="status", data_testid="offline"),
    )
