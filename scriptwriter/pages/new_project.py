"""Owns the page with the form of a new project."""

import reflex as rx

from scriptwriter.components.elements import link_button, notice
from scriptwriter.components.forms import BriefForm, brief_form, examples
from scriptwriter.components.wording import t
from scriptwriter.pages.layout import LANGUAGE, UNREACHABLE, page
from scriptwriter.settings import settings
from scriptwriter.state.new_project import NewProjectState
from scriptwriter.texts import CREATE_PROJECT, CREATING, NEW_PROJECT, NEW_PROJECT_WHY, SIGN_IN

FORM = BriefForm(
    submit=NewProjectState.submit,
    messages=NewProjectState.messages,
    busy=NewProjectState.creating,
    submit_text=CREATE_PROJECT,
    busy_text=CREATING,
    unreachable=UNREACHABLE,
    models=settings().model_options,
    currency=settings().price_currency,
)


def new_project() -> rx.Component:
    """The brief of a new project; sending it goes on to the project."""
    return page(
        rx.el.section(
            rx.el.h1(t(NEW_PROJECT, LANGUAGE)),
            rx.el.p(t(NEW_PROJECT_WHY, LANGUAGE), class_name="lead"),
            brief_form(FORM, LANGUAGE),
            examples(LANGUAGE),
            class_name="form-sheet",
        ),
        notice(
            NewProjectState.notice,
            LANGUAGE,
            NewProjectState.dismiss,
            rx.cond(
                NewProjectState.signed_out,
                link_button(t(SIGN_IN, LANGUAGE), "/sign-in?next=/projects/new", kind="plain"),
            ),
        ),
        name="new-project",
    )
