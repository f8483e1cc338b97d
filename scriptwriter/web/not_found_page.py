"""The page for an address that does not exist."""

import reflex as rx

from scriptwriter.texts import projects_texts, shared_texts
from scriptwriter.web.kit.elements import empty, link_button
from scriptwriter.web.kit.frame import page
from scriptwriter.web.kit.wording import t


def not_found() -> rx.Component:
    """The page with a link back to the projects."""
    return page(
        empty(
            t(shared_texts.NOT_FOUND),
            t(shared_texts.NOT_FOUND_WHY),
            link_button(t(projects_texts.BACK_TO_PROJECTS), "/projects"),
        ),
        name="not-found",
    )
