"""The page that lists a person's projects."""

import reflex as rx
from reflex.event import EventCallback
from reflex.vars import ObjectVar

from scriptwriter.services.projects.catalog import NAME_LIMIT
from scriptwriter.texts import Text, brief_texts, import_texts, projects_texts, room_texts, shared_texts
from scriptwriter.web.kit.browser_vars import UNREACHABLE
from scriptwriter.web.kit.elements import button, empty, limited, link, link_button, notice
from scriptwriter.web.kit.frame import page
from scriptwriter.web.kit.wording import StringLike, counted, t
from scriptwriter.web.members.members_state import InvitationView
from scriptwriter.web.projects.management_state import ManagingState
from scriptwriter.web.projects.project_menu import name_or_field, project_menu
from scriptwriter.web.projects.projects_state import ProjectsState, ProjectView
from scriptwriter.web.room.export_dialog import import_form


def projects() -> rx.Component:
    """The projects page: invitations, search, and the projects of the chosen shelf."""
    return page(
        rx.el.header(
            rx.el.h1(t(projects_texts.PROJECTS)),
            _shelves(),
            import_form(t(import_texts.IMPORT), t(import_texts.IMPORT_WHY)),
            rx.cond(ProjectsState.projects.length() > 0, _new_project()),
            class_name="page-heading",
        ),
        _invitations(),
        _finding(),
        rx.cond(
            ProjectsState.loaded,
            rx.cond(
                ProjectsState.projects.length() > 0,
                rx.el.ul(rx.foreach(ProjectsState.projects, _row), class_name="project-list"),
                rx.match(
                    rx.cond(ProjectsState.search != "", "searched", ProjectsState.shelf),
                    (
                        "searched",
                        empty(
                            t(projects_texts.NOTHING_MATCHES),
                            t(projects_texts.NOTHING_MATCHES_NEXT),
                        ),
                    ),
                    (
                        "archived",
                        empty(
                            t(projects_texts.NOTHING_ARCHIVED),
                            t(projects_texts.NOTHING_ARCHIVED_NEXT),
                        ),
                    ),
                    (
                        "deleted",
                        empty(
                            t(projects_texts.NOTHING_DELETED),
                            t(projects_texts.NOTHING_DELETED_NEXT),
                        ),
                    ),
                    empty(
                        t(projects_texts.NO_PROJECTS),
                        t(projects_texts.NO_PROJECTS_NEXT),
                        _new_project(),
                    ),
                ),
            ),
            rx.el.p(t(shared_texts.LOADING), class_name="loading", role="status"),
        ),
        notice(ProjectsState.notice, ProjectsState.dismiss),
        notice(ManagingState.notice, ManagingState.dismiss, _undo()),
        name="projects",
    )


def _invitations() -> rx.Component:
    """The person's open invitations at the top of the page. Screen readers announce new ones."""
    return rx.el.section(
        rx.foreach(ProjectsState.invitations, _invitation),
        aria_label=t(projects_texts.INVITATIONS),
        aria_live="polite",
        class_name="invites",
    )


def _invitation(invitation: ObjectVar[InvitationView]) -> rx.Component:
    role = rx.match(invitation.role, *((name, t(text)) for name, text in projects_texts.AS_ROLES.items()), "")
    sentence = t(projects_texts.INVITES_YOU, name=invitation.name, role=role, project=invitation.project)
    return rx.el.article(
        rx.el.div(
            rx.el.p(sentence, id="invite-" + invitation.id.to(str), class_name="invite-text"),
            rx.el.span("@" + invitation.username.to(str), class_name="username"),
        ),
        rx.el.div(
            _answer(projects_texts.ACCEPT, "primary", ProjectsState.accept, invitation),
            _answer(projects_texts.DECLINE, "plain", ProjectsState.decline, invitation),
            class_name="actions",
        ),
        key=invitation.id,
        class_name="invite",
        data_testid="invite",
    )


def _answer(
    text: Text, kind: str, answer: EventCallback[str], invitation: ObjectVar[InvitationView]
) -> rx.Component:
    return button(
        t(text),
        kind=kind,
        disabled=UNREACHABLE,
        on_click=answer(invitation.id).temporal,
        aria_describedby="invite-" + invitation.id.to(str),
        data_testid="accept" if text is projects_texts.ACCEPT else "decline",
    )


def _shelves() -> rx.Component:
    return rx.el.div(
        *(
            rx.el.button(
                t(name),
                type="button",
                class_name="shelf",
                aria_pressed=rx.cond(ProjectsState.shelf == shelf, "true", "false"),
                on_click=ProjectsState.choose(shelf),
                data_testid=f"shelf-{shelf}",
            )
            for shelf, name in projects_texts.SHELVES.items()
        ),
        role="group",
        aria_label=t(projects_texts.SHELF),
        class_name="shelves",
    )


def _finding() -> rx.Component:
    """The search field and the sort order, if there is more than one project to look through."""
    something = (ProjectsState.projects.length() > 1) | (ProjectsState.search != "")
    return rx.cond(
        something & (ProjectsState.shelf != "deleted"),
        rx.el.div(
            limited(
                rx.el.input,
                NAME_LIMIT,
                type="search",
                placeholder=t(projects_texts.SEARCH_PROJECTS),
                aria_label=t(projects_texts.SEARCH_PROJECTS),
                on_change=ProjectsState.look_for.debounce(250).temporal,
                auto_complete="off",
                data_testid="search-projects",
            ),
            rx.el.label(
                t(projects_texts.SORT),
                rx.el.select(
                    *(rx.el.option(t(name), value=sort) for sort, name in projects_texts.SORTS.items()),
                    value=ProjectsState.sort,
                    on_change=ProjectsState.order.temporal,
                    data_testid="sort-projects",
                ),
            ),
            class_name="finding",
        ),
    )


def _new_project() -> rx.Component:
    return link_button(t(brief_texts.NEW_PROJECT), "/projects/new")


def _undo() -> rx.Component:
    return rx.cond(ManagingState.deleted != "", _restoring(shared_texts.UNDO, ManagingState.deleted, "undo"))


def _restoring(text: Text, project_id: StringLike, testid: str) -> rx.Component:
    return button(
        t(text),
        kind="plain",
        disabled=UNREACHABLE,
        on_click=ManagingState.restore(project_id).temporal,
        data_testid=testid,
    )


def _row(project: ObjectVar[ProjectView]) -> rx.Component:
    return rx.el.li(
        rx.cond(
            ProjectsState.shelf == "deleted",
            rx.fragment(
                rx.el.div(*_facts(project), class_name="project-facts"),
                _restoring(projects_texts.RESTORE, project.id, "restore"),
            ),
            rx.fragment(
                name_or_field(project, _link(project)),
                rx.cond(project.may_manage, project_menu(project)),
            ),
        ),
        key=project.id,
        data_testid="project",
    )


def _link(project: ObjectVar[ProjectView]) -> rx.Component:
    return link(*_facts(project), href=f"/projects/{project.id}/brainstorm", class_name="project-facts")


def _facts(project: ObjectVar[ProjectView]) -> tuple[rx.Component, ...]:
    return (
        rx.el.span(
            project.name,
            rx.cond(
                project.description != "", rx.el.span(project.description, class_name="project-description")
            ),
            class_name="project-name",
        ),
        _condition(project),
        rx.el.time(date_time=project.updated, class_name="when", data_when=project.updated),
    )


def _condition(project: ObjectVar[ProjectView]) -> rx.Component:
    ideas = rx.el.span(
        counted(project.ideas, projects_texts.IDEAS_COUNT, projects_texts.ONE_IDEA),
        data_testid="ideas-count",
    )
    doing = rx.match(
        project.phase,
        ("queued", rx.el.span(t(room_texts.QUEUED), class_name="live")),
        ("writing", rx.el.span(t(projects_texts.WRITING_NOW), class_name="live")),
        ("failed", rx.el.span(t(room_texts.FAILED), class_name="broken")),
        rx.cond(project.ideas == 0, rx.el.span(t(projects_texts.NO_IDEAS_YET))),
    )
    return rx.el.span(doing, rx.cond(project.ideas.to(int) > 0, ideas), class_name="project-condition")
