"""The header of the brainstorm page: the project's name and description, its links and its menu."""

import reflex as rx

from scriptwriter.texts import lineage_texts, members_texts, projects_texts
from scriptwriter.web.kit.elements import link, notice
from scriptwriter.web.kit.project_state import ProjectState
from scriptwriter.web.kit.wording import t
from scriptwriter.web.projects.management_state import ManagingState
from scriptwriter.web.projects.project_menu import name_or_field, project_menu


def project_title() -> rx.Component:
    """The project's name and description, or the form in which an owner changes them."""
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
    """The components `more`, links to members and lineage, and the project menu for its owners."""
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
    """The notice about renaming or archiving the project. The list of projects shows that of a deletion."""
    return rx.cond(ManagingState.deleted == "", notice(ManagingState.notice, ManagingState.dismiss))
