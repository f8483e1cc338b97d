"""Owns the page with the form of a new project."""

import reflex as rx

from scriptwriter.components.elements import notice
from scriptwriter.components.forms import brief_form
from scriptwriter.components.wording import t
from scriptwriter.pages.layout import LANGUAGE, UNREACHABLE, page
from scriptwriter.state.new_project import NewProjectState
from scriptwriter.texts import CREATE_PROJECT, CREATING, NEW_PROJECT, NEW_PROJECT_WHY


def new_project() -> rx.Component:
    """The brief of a new project; sending it goes on to the project."""
    return page(
        rx.el.section(
            rx.el.h1(t(NEW_PROJECT, LANGUAGE)),
            rx.el.p(t(NEW_PROJECT_WHY, LANGUAGE), class_name="lead"),
            brief_form(
                NewProjectState.submit,
                NewProjectState.messages,
                NewProjectState.creating,
                LANGUAGE,
                CREATE_PROJECT,
                CREATING,
                unreachable=UNREACHABLE,
                ticket=NewProjectState.ticket,
            ),
            class_name="form-sheet",
        ),
        notice(NewProjectState.notice, LANGUAGE, NewProjectState.dismiss),
        name="new-project",
    )
