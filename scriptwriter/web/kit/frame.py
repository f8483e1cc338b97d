"""The frame of every page: header, navigation, switches, footer, and the banner of a lost connection."""

import reflex as rx
from reflex_components_core.base.error_boundary import ErrorBoundary

from scriptwriter.operations.version import version
from scriptwriter.settings import settings
from scriptwriter.texts import account_texts, brief_texts, projects_texts, shared_texts, sign_in_texts
from scriptwriter.web.kit.browser_vars import OFFLINE
from scriptwriter.web.kit.elements import demo_chip, icon, link, post_form
from scriptwriter.web.kit.language_state import LanguageState
from scriptwriter.web.kit.session_state import SessionState
from scriptwriter.web.kit.wording import by_language, t


def page(*content: rx.Component, name: str) -> rx.Component:
    """A page with the components `content` below the header. `name` makes the CSS class `page-{name}`."""
    return rx.el.div(
        rx.el.a(t(shared_texts.SKIP_TO_CONTENT), href="#content", class_name="skip"),
        _masthead(),
        _connection(),
        rx.el.main(*content, id="content", class_name="content"),
        rx.el.footer(t(shared_texts.PRODUCT), " ", version(), class_name="footer", data_testid="version"),
        # assets/drafts.js reads data-person and data-settled, and asks about a sent form through this input.
        rx.el.input(hidden=True, on_change=SessionState.ask_for_sent, aria_hidden="true", data_asks=True),
        class_name=f"page page-{name}",
        data_person=SessionState.person_key,
        data_settled=SessionState.settled,
        lang=by_language("zh-CN", "en"),
    )


def broken_page() -> rx.Component:
    """The page that replaces a page whose components failed. It has no state, so it shows both languages."""
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


def _masthead() -> rx.Component:
    return rx.el.header(
        link(
            rx.el.span("编", class_name="seal", aria_hidden="true"),
            rx.el.span(t(shared_texts.PRODUCT), class_name="brand-name"),
            href="/projects",
            class_name="brand",
            aria_label=t(shared_texts.PRODUCT),
        ),
        demo_chip() if settings().demo else rx.fragment(),
        rx.el.nav(rx.cond(SessionState.user_name != "", _page_links()), class_name="navigation"),
        rx.el.div(
            rx.el.button(
                t(shared_texts.OTHER_LANGUAGE),
                type="button",
                class_name="switch",
                on_click=LanguageState.switch_language,
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
            rx.cond(SessionState.user_name != "", _account()),
            class_name="switches",
        ),
        class_name="masthead",
    )


def _page_links() -> rx.Component:
    return rx.fragment(
        link(t(projects_texts.PROJECTS), href="/projects", class_name="nav-link wide-only"),
        link(t(brief_texts.NEW_PROJECT), href="/projects/new", class_name="nav-link wide-only"),
    )


def _account() -> rx.Component:
    return post_form(
        "/api/session/sign-out",
        link(
            SessionState.user_name,
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
    )


def _connection() -> rx.Component:
    return rx.cond(
        OFFLINE,
        rx.el.p(t(shared_texts.OFFLINE), class_name="offline", role="status", data_testid="offline"),
    )
