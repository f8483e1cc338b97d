"""Owns the table of routes: address, page, title, and what happens when it opens."""

from collections.abc import Callable
from typing import Any, NamedTuple

import reflex as rx

from scriptwriter.components.wording import t
from scriptwriter.pages.account import account
from scriptwriter.pages.brainstorm import brainstorm
from scriptwriter.pages.layout import LANGUAGE
from scriptwriter.pages.lineage import lineage
from scriptwriter.pages.members import members
from scriptwriter.pages.new_project import new_project
from scriptwriter.pages.not_found import not_found
from scriptwriter.pages.projects import projects
from scriptwriter.pages.sign_in import register, sign_in
from scriptwriter.state.account import AccountState
from scriptwriter.state.brainstorm import BrainstormState
from scriptwriter.state.lineage import LineageState
from scriptwriter.state.members import MembersState
from scriptwriter.state.new_project import NewProjectState
from scriptwriter.state.presence import PresenceState
from scriptwriter.state.projects import ProjectsState
from scriptwriter.state.session import SessionState
from scriptwriter.state.sign_in import SignInState
from scriptwriter.state.tokens import TokensState
from scriptwriter.texts import (
    ACCOUNT,
    LINEAGE,
    MEMBERS,
    NEW_PROJECT,
    NOT_FOUND,
    PRODUCT,
    PROJECTS,
    REGISTER,
    SIGN_IN,
    Text,
)


class Route(NamedTuple):
    """One page and its address."""

    address: str
    page: Callable[[], rx.Component]
    title: Text
    on_load: list[Any]


ROUTES = (
    Route("/", projects, PROJECTS, [SessionState.enter, ProjectsState.load, ProjectsState.watch]),
    Route("/sign-in", sign_in, SIGN_IN, [SessionState.pass_by, SignInState.open]),
    Route("/register", register, REGISTER, [SessionState.pass_by, SignInState.open]),
    Route("/account", account, ACCOUNT, [SessionState.enter, AccountState.load, TokensState.load]),
    Route("/projects", projects, PROJECTS, [SessionState.enter, ProjectsState.load, ProjectsState.watch]),
    Route("/projects/new", new_project, NEW_PROJECT, [SessionState.enter, NewProjectState.open]),
    Route(
        "/projects/[project_id]/brainstorm",
        brainstorm,
        PRODUCT,
        [SessionState.enter, PresenceState.attend, BrainstormState.watch],
    ),
    Route(
        "/projects/[project_id]/members",
        members,
        MEMBERS,
        [SessionState.enter, MembersState.watch],
    ),
    Route(
        "/projects/[project_id]/lineage",
        lineage,
        LINEAGE,
        [SessionState.enter, LineageState.watch],
    ),
    Route("/404", not_found, NOT_FOUND, []),
)


def add_routes(app: rx.App) -> None:
    """Add every page to `app`."""
    for route in ROUTES:
        name = t(route.title, LANGUAGE)
        title = name if route.title is PRODUCT else name + " · " + t(PRODUCT, LANGUAGE)
        app.add_page(
            route.page, route=route.address, title=title, image="/seal.svg", on_load=route.on_load or None
        )
