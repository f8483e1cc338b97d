"""The message that replaces the content of a project page while the person may not see the project."""

import reflex as rx
from reflex.vars import ObjectVar

from scriptwriter.texts import projects_texts, shared_texts, sign_in_texts
from scriptwriter.web.kit.elements import empty, link_button
from scriptwriter.web.kit.notices import Notice
from scriptwriter.web.kit.wording import StringLike, in_language, t


def opened(access: rx.Var[str], why: ObjectVar[Notice], content: rx.Component) -> rx.Component:
    """`content` if `access` (a Var of ProjectPageState) is "open", or the reason `why` (a Var of Notice)."""
    reason = in_language(why)
    return rx.fragment(
        rx.match(
            access,
            ("open", content),
            ("denied", _denied(t(projects_texts.NO_ACCESS), reason)),
            ("signed_out", _signed_out()),
            ("removed", _denied(reason, t(projects_texts.ACCESS_REMOVED_WHY))),
            ("deleted", _denied(reason, t(projects_texts.PROJECT_DELETED_WHY))),
            rx.el.p(t(shared_texts.LOADING), class_name="loading", role="status"),
        )
    )


def _signed_out() -> rx.Component:
    here = rx.Var('(typeof window === "undefined" ? "" : window.location.pathname)').to(str)
    way = rx.Var(f'"/sign-in?" + new URLSearchParams({{next: {here!s}}}).toString()').to(str)
    return rx.el.div(
        empty(
            t(projects_texts.SESSION_ENDED),
            t(projects_texts.SESSION_ENDED_WHY),
            link_button(t(sign_in_texts.SIGN_IN), way),
        ),
        role="alert",
        data_testid="session-ended",
    )


def _denied(title: StringLike, why: StringLike) -> rx.Component:
    return rx.el.div(
        empty(title, why, link_button(t(projects_texts.BACK_TO_PROJECTS), "/projects")),
        role="alert",
        data_testid="denied",
    )
