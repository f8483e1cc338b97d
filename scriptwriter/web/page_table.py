"""All pages of the application: address, component, title, and the events on load."""

from collections.abc import Callable
from typing import NamedTuple

import reflex as rx
from reflex.event import IndividualEventType

from scriptwriter.texts import (
    Text,
    account_texts,
    brief_texts,
    lineage_texts,
    members_texts,
    projects_texts,
    shared_texts,
    sign_in_texts,
)
from scriptwriter.web.account.account_page import account
from scriptwriter.web.account.account_state import AccountState
from scriptwriter.web.account.tokens_state import TokensState
from scriptwriter.web.brief.new_project_page import new_project
from scriptwriter.web.brief.new_project_state import NewProjectState
from scriptwriter.web.kit.session_state import SessionState
from scriptwriter.web.kit.wording import t
from scriptwriter.web.lineage.lineage_page import lineage
from scriptwriter.web.lineage.lineage_state import LineageState
from scriptwriter.web.members.members_page import members
from scriptwriter.web.members.members_state import MembersState
from scriptwriter.web.not_found_page import not_found
from scriptwriter.web.projects.projects_page import projects
from scriptwriter.web.projects.projects_state import ProjectsState
from scriptwriter.web.room.presence_state import PresenceState
from scriptwriter.web.room.room_page import brainstorm
from scriptwriter.web.room.room_state import BrainstormState
from scriptwriter.web.sign_in.sign_in_page import register, sign_in
from scriptwriter.web.sign_in.sign_in_state import SignInState


class Route(NamedTuple):
    """A page: its address as a Reflex route, its component, its title, and its events on load."""

    address: str
    page: Callable[[], rx.Component]
    title: Text
    on_load: list[IndividualEventType[()]]


ROUTES = (
    Route(
        "/", projects, projects_texts.PROJECTS, [SessionState.enter, ProjectsState.load, ProjectsState.watch]
    ),
    Route("/sign-in", sign_in, sign_in_texts.SIGN_IN, [SessionState.skip_sign_in, SignInState.open]),
    Route("/register", register, sign_in_texts.REGISTER, [SessionState.skip_sign_in, SignInState.open]),
    Route(
        "/account",
        account,
        account_texts.ACCOUNT,
        [SessionState.enter, AccountState.load, TokensState.load, AccountState.watch],
    ),
    Route(
        "/projects",
        projects,
        projects_texts.PROJECTS,
        [SessionState.enter, ProjectsState.load, ProjectsState.watch],
    ),
    Route(
        "/projects/new",
        new_project,
        brief_texts.NEW_PROJECT,
        [SessionState.enter, NewProjectState.open, NewProjectState.watch],
    ),
    Route(
        "/projects/[project_id]/brainstorm",
        brainstorm,
        shared_texts.PRODUCT,
        [SessionState.enter, PresenceState.watch, BrainstormState.watch],
    ),
    Route(
        "/projects/[project_id]/members",
        members,
        members_texts.MEMBERS,
        [SessionState.enter, MembersState.watch],
    ),
    Route(
        "/projects/[project_id]/lineage",
        lineage,
        lineage_texts.LINEAGE,
        [SessionState.enter, LineageState.watch],
    ),
    Route("/404", not_found, shared_texts.NOT_FOUND, []),
)


def add_routes(app: rx.App) -> None:
    """Add all pages to `app`."""
    for route in ROUTES:
        name = t(route.title)
        title = name if route.title is shared_texts.PRODUCT else name + " · " + t(shared_texts.PRODUCT)
        app.add_page(
            route.page, route=route.address, title=title, image="/seal.svg", on_load=route.on_load or None
        )
