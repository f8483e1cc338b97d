"""The menu of a project for its owners, and the form for its name and description."""

import reflex as rx
from reflex.event import EventCallback
from reflex.vars import ObjectVar

from scriptwriter.services.projects.catalog import DESCRIPTION_LIMIT, NAME_LIMIT
from scriptwriter.texts import Text, projects_texts, shared_texts
from scriptwriter.web.kit.browser_vars import UNREACHABLE
from scriptwriter.web.kit.elements import button, limited, menu
from scriptwriter.web.kit.project_state import ProjectState
from scriptwriter.web.kit.wording import in_language, t
from scriptwriter.web.projects.management_state import ManagingState
from scriptwriter.web.projects.projects_state import ProjectView

ManagedProject = ObjectVar[ProjectView] | type[ProjectState]
"""Vars `id`, `name`, `description` and `archived` of a project: one of the list, or the open project."""


def project_menu(project: ManagedProject) -> rx.Component:
    """The menu with which an owner renames, archives and deletes `project`."""

    def item(text: Text, event: EventCallback[str], testid: str) -> rx.Component:
        return rx.el.button(
            t(text),
            type="button",
            disabled=UNREACHABLE,
            on_click=event(project.id).temporal,
            data_testid=testid,
        )

    return menu(
        t(projects_texts.PROJECT_ACTIONS, name=project.name),
        item(projects_texts.RENAME, ManagingState.begin_renaming, "rename"),
        rx.cond(
            project.archived,
            item(projects_texts.UNARCHIVE, ManagingState.unarchive, "unarchive"),
            item(projects_texts.ARCHIVE, ManagingState.archive, "archive"),
        ),
        item(projects_texts.DELETE, ManagingState.delete, "delete"),
        data_testid="project-menu",
    )


def name_or_field(project: ManagedProject, name: rx.Component) -> rx.Component:
    """The component `name`, or the form for name and description while the project is being renamed."""
    return rx.cond(ManagingState.renaming == project.id, _name_field(project), name)


def _name_field(project: ManagedProject) -> rx.Component:
    problem = "project-name-problem"
    return rx.el.form(
        rx.el.input(type="hidden", name="project_id", value=project.id, read_only=True),
        limited(
            rx.el.input,
            NAME_LIMIT,
            name="name",
            default_value=project.name,
            auto_focus=True,
            auto_complete="off",
            aria_label=t(projects_texts.PROJECT_NAME_LABEL),
            aria_invalid=rx.cond(ManagingState.problem.zh != "", "true", "false"),
            aria_describedby=problem,
            data_testid="project-name-field",
        ),
        limited(
            rx.el.textarea,
            DESCRIPTION_LIMIT,
            name="description",
            default_value=project.description,
            rows="2",
            placeholder=t(projects_texts.DESCRIPTION_HINT),
            aria_label=t(projects_texts.DESCRIPTION_LABEL),
            aria_describedby=problem,
            data_testid="project-description-field",
        ),
        button(t(shared_texts.SAVE), type="submit", kind="plain", disabled=UNREACHABLE),
        button(
            t(shared_texts.CANCEL), kind="quiet", on_click=ManagingState.stop_renaming, data_cancel="true"
        ),
        rx.el.p(in_language(ManagingState.problem), id=problem, class_name="problem", role="alert"),
        on_submit=ManagingState.rename.temporal,
        no_validate=True,
        class_name="name-form",
        data_escapable="true",
    )
