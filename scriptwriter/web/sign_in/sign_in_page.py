"""The sign-in page and the registration page."""

import reflex as rx

from scriptwriter.api.routes.openid_routes import START
from scriptwriter.settings import settings
from scriptwriter.texts import sign_in_texts
from scriptwriter.web.kit.elements import link, post_form
from scriptwriter.web.kit.frame import page
from scriptwriter.web.kit.wording import t
from scriptwriter.web.sign_in.sign_in_form import NEXT, entry_form, outside_link


def sign_in() -> rx.Component:
    """The sign-in page: what the application is, the form, and other ways to sign in."""
    return page(
        rx.el.section(
            rx.el.h1(t(sign_in_texts.TAGLINE)),
            rx.el.p(t(sign_in_texts.PITCH), class_name="lead"),
            entry_form(
                "/api/session/sign-in",
                sign_in_texts.SIGN_IN,
            ),
            _other_ways(),
            _to_register() if settings().registration == "open" else rx.fragment(),
            class_name="welcome",
            aria_label=t(sign_in_texts.SIGN_IN),
        ),
        rx.el.div(
            rx.el.div(class_name="stack-sheet stack-1"),
            rx.el.div(class_name="stack-sheet stack-2"),
            rx.el.div(
                rx.el.p(t(sign_in_texts.SAMPLE_TITLE), class_name="stack-title"),
                rx.el.p(t(sign_in_texts.SAMPLE_BODY), class_name="stack-body caret"),
                class_name="stack-sheet stack-3",
            ),
            class_name="stack",
            aria_hidden="true",
        ),
        name="sign-in",
    )


def register() -> rx.Component:
    """The registration page: the form of a new account, if registration is open."""
    opened = settings().registration == "open"
    return page(
        rx.el.section(
            rx.el.h1(t(sign_in_texts.REGISTER)),
            rx.el.p(
                t(sign_in_texts.REGISTER_WHY if opened else sign_in_texts.REGISTRATION_CLOSED),
                class_name="lead",
            ),
            entry_form(
                "/api/session/register",
                sign_in_texts.REGISTER,
                new=True,
            )
            if opened
            else rx.fragment(),
            rx.el.p(
                t(sign_in_texts.HAVE_ACCOUNT),
                " ",
                link(t(sign_in_texts.SIGN_IN), href=_with_next("/sign-in"), class_name="inline-link"),
                class_name="other-way",
            ),
            class_name="form-sheet",
        ),
        name="register",
    )


def _other_ways() -> rx.Component:
    ways = []
    if settings().oidc_issuer:
        ways.append(outside_link(START, settings().oidc_name))
    if settings().development:
        ways.append(_test_user())
    if not ways:
        return rx.fragment()
    return rx.el.div(rx.el.p(t(sign_in_texts.OR), class_name="or"), *ways, class_name="other-ways")


def _test_user() -> rx.Component:
    return post_form(
        "/api/session/test-user",
        rx.el.input(type="hidden", name="next", value=NEXT, read_only=True),
        rx.el.button(
            t(sign_in_texts.SIGN_IN_AS_TEST_USER),
            type="submit",
            class_name="button plain",
            data_testid="sign-in-test-user",
        ),
        rx.el.p(t(sign_in_texts.TEST_USER_WHY), class_name="hint"),
        class_name="sign-in-form",
    )


def _to_register() -> rx.Component:
    return rx.el.p(
        t(sign_in_texts.NO_ACCOUNT_YET),
        " ",
        link(t(sign_in_texts.REGISTER), href=_with_next("/register"), class_name="inline-link"),
        class_name="other-way",
    )


def _with_next(path: str) -> rx.Var[str]:
    return rx.Var(f'"{path}?" + new URLSearchParams({{next: {NEXT!s}}}).toString()').to(str)
