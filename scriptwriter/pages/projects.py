"""Owns the page that lists a person's projects."""

from typing import Any

import reflex as rx

from scriptwriter.components.elements import empty, link, link_button, notice
from scriptwriter.components.wording import t
from scriptwriter.pages.layout import LANGUAGE, page
from scriptwriter.state.projects import ProjectsState
from scriptwriter.texts import (
    FAILED,
    IDEAS_COUNT,
    LOADING,
    NEW_PROJECT,
    NO_IDEAS_YET,
    NO_PROJECTS,
    NO_PROJECTS_NEXT,
    PROJECTS,
    QUEUED,
    WRITING_NOW,
)


def projects() -> rx.Component:
    """All projects, the one that changed last first."""
    return page(
        rx.el.header(
            rx.el.h1(t(PROJECTS, LANGUAGE)),
            rx.cond(ProjectsState.projects.length() > 0, _new_project()),
            class_name="page-heading",
        ),
        rx.cond(
            ProjectsState.loaded,
            rx.cond(
                ProjectsState.projects.length() > 0,
                rx.el.ul(rx.foreach(ProjectsState.projects, _row), class_name="project-list"),
                empty(t(NO_PROJECTS, LANGUAGE), t(NO_PROJECTS_NEXT, LANGUAGE), _new_project()),
            ),
            rx.el.p(t(LOADING, LANGUAGE), class_name="loading", role="status"),
        ),
        notice(ProjectsState.notice, LANGUAGE, ProjectsState.dismiss),
        name="projects",
    )


def _new_project() -> rx.Component:
    return link_button(t(NEW_PROJECT, LANGUAGE), "/projects/new")


def _row(project: Any) -> rx.Component:
    return rx.el.li(
        link(
            rx.el.span(project.name, class_name="project-name"),
            _condition(project),
            rx.el.time(date_time=project.updated, class_name="when", data_when=project.updated),
            href=f"/projects/{project.id}/brainstorm",
        ),
        data_testid="project",
    )


def _condition(project: Any) -> rx.Component:
    condition = rx.match(
        project.phase,
        ("queued", rx.el.span(t(QUEUED, LANGUAGE), class_name="live")),
        ("writing", rx.el.span(t(WRITING_NOW, LANGUAGE), class_name="live")),
        ("failed", rx.el.span(t(FAILED, LANGUAGE), class_name="broken")),
        rx.cond(
            project.ideas > 0,
            rx.el.span(t(IDEAS_COUNT, LANGUAGE, count=project.ideas)),
            rx.el.span(t(NO_IDEAS_YET, LANGUAGE)),
        ),
    )
    return rx.el.span(condition, class_name="project-condition")
