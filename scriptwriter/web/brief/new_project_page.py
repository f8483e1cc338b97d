"""The page with the form of a new project."""

import reflex as rx

from scriptwriter.texts import brief_texts, sign_in_texts
from scriptwriter.web.brief.brief_form import brief_form, examples
from scriptwriter.web.brief.new_project_state import NewProjectState
from scriptwriter.web.kit.elements import link_button, notice
from scriptwriter.web.kit.frame import page
from scriptwriter.web.kit.wording import t


def new_project() -> rx.Component:
    """The form of a new project. Submitting it leads to the project."""
    return page(
        rx.el.section(
            rx.el.h1(t(brief_texts.NEW_PROJECT)),
            rx.el.p(t(brief_texts.NEW_PROJECT_WHY), class_name="lead"),
            brief_form(
                submit=NewProjectState.submit,
                messages=NewProjectState.messages,
                busy=NewProjectState.creating,
                submit_text=brief_texts.CREATE_PROJECT,
                busy_text=brief_texts.CREATING,
            ),
            examples(),
            class_name="form-sheet",
        ),
        notice(
            NewProjectState.notice,
            NewProjectState.dismiss,
            rx.cond(
                NewProjectState.signed_out,
                link_button(t(sign_in_texts.SIGN_IN), "/sign-in?next=/projects/new", kind="plain"),
            ),
        ),
        name="new-project",
    )
