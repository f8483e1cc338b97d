"""Owns the page with the form of a new project."""

import reflex as rx

from scriptwriter.settings import settings
from scriptwriter.texts import CREATE_PROJECT, CREATING, NEW_PROJECT, NEW_PROJECT_WHY, SIGN_IN
from scriptwriter.web.brief.brief_form import BriefForm, brief_form, examples
from scriptwriter.web.brief.new_project_state import NewProjectState
from scriptwriter.web.kit.elements import link_button, notice
from scriptwriter.web.kit.layout import LANGUAGE, UNREACHABLE, page
from scriptwriter.web.kit.wording import t

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
