"""Owns what the pages of one project share: its menu, and what stands where it is not open (any more)."""

from typing import Any

import reflex as rx

from scriptwriter.texts import lineage_texts, members_texts, projects_texts, shared_texts, sign_in_texts
from scriptwriter.web.kit.elements import empty, link, link_button, notice
from scriptwriter.web.kit.project_management import ManagingState
from scriptwriter.web.kit.project_menu import name_or_field, project_menu
from scriptwriter.web.kit.project_state import ProjectState
from scriptwriter.web.kit.wording import in_language, t


def opened(access: Any, why: Any, content: rx.Component) -> rx.Component:
    """`content` where `access` (a Var) is open; else what happened, and `why` (a Var of Notice)."""
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


def project_title() -> rx.Component:
    """The project's name and description, and the fields in which its owner changes them."""
    name = rx.el.p(
        ProjectState.name,
        rx.cond(
            ProjectState.archived,
            rx.el.span(t(projects_texts.SHELVES["archived"]), class_name="chip"),
        ),
        class_name="project-title",
        data_testid="project-title",
    )
    description = rx.cond(
        ProjectState.description != "",
        rx.el.p(
            ProjectState.description, class_name="project-description", data_testid="project-description"
        ),
    )
    return name_or_field(ProjectState, rx.fragment(name, description))


def project_tools(*more: rx.Component) -> rx.Component:
    """What one page has `more`, the ways to members and lineage, and its menu for who may use it."""
    return rx.el.div(
        *more,
        link(
            t(members_texts.MEMBERS),
            href=f"/projects/{ProjectState.id}/members",
            class_name="button quiet",
            data_testid="to-members",
        ),
        link(
            t(lineage_texts.LINEAGE),
            href=f"/projects/{ProjectState.id}/lineage",
            class_name="button quiet",
            data_testid="to-lineage",
        ),
        rx.cond(ProjectState.may_manage, project_menu(ProjectState)),
        class_name="project-tools",
    )


def managing_notice() -> rx.Component:
    """What went wrong with the project as a whole; that it was deleted is told in the list."""
    return rx.cond(ManagingState.deleted == "", notice(ManagingState.notice, ManagingState.dismiss))


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


def _denied(title: Any, why: Any) -> rx.Component:
    return rx.el.div(
        empty(title, why, link_button(t(projects_texts.BACK_TO_PROJECTS), "/projects")),
        role="alert",
        data_testid="denied",
    )
