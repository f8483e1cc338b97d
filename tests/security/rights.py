"""Who may call each event handler and each route.

A handler or route without an entry here fails the tests.
"""

from typing import Literal

import psycopg

from scriptwriter.domain import graph
from scriptwriter.store.database import database
from tests.support.scenes import Target

Right = Literal[
    "anybody",  # needs no session, and reads or changes no stored data
    "person",  # any signed-in user, about their own data
    "present",  # members, who are shown as present in the project
    "reader",  # members, who may read the project
    "actor",  # owners and collaborators, who may change the project
    "owner",  # owners only
    "server",  # the server only; refused when a websocket sends it
]

HANDLERS: dict[str, Right] = {
    "State.hydrate": "server",
    "State.hydrate_and_load": "anybody",
    "State.set_is_hydrated": "server",
    "OnLoadInternalState.on_load_internal": "anybody",
    "OnLoadInternalState.set_is_hydrated": "server",
    "UpdateVarsInternalState.update_vars_internal": "anybody",
    "FrontendEventExceptionState.handle_frontend_exception": "anybody",
    "LanguageState.switch_language": "anybody",
    "SessionState.enter": "anybody",
    "SessionState.skip_sign_in": "anybody",
    "SessionState.ask_for_sent": "anybody",
    "ProjectsState.load": "person",
    "ProjectsState.watch": "person",
    "ProjectsState.look_for": "person",
    "ProjectsState.order": "person",
    "ProjectsState.choose": "person",
    "ProjectsState.accept": "person",
    "ProjectsState.decline": "person",
    "ProjectsState.dismiss": "anybody",
    "NewProjectState.open": "anybody",
    "NewProjectState.submit": "person",
    "NewProjectState.watch": "person",
    "NewProjectState.dismiss": "anybody",
    "BrainstormState.watch": "reader",
    "BrainstormState.start": "actor",
    "BrainstormState.start_again": "actor",
    "BrainstormState.retry": "actor",
    "BrainstormState.retry_one": "actor",
    "BrainstormState.rephrase": "actor",
    "BrainstormState.skip": "actor",
    "BrainstormState.stop": "actor",
    "BrainstormState.open_brief": "anybody",
    "BrainstormState.close_brief": "anybody",
    "BrainstormState.dismiss": "anybody",
    "OriginState.trace": "reader",
    "OriginState.close": "anybody",
    "OriginState.dismiss": "anybody",
    "AccountState.load": "person",
    "AccountState.change_password": "person",
    "AccountState.watch": "person",
    "AccountState.sign_out_one": "person",
    "AccountState.sign_out_others": "person",
    "AccountState.dismiss": "anybody",
    "TokensState.load": "person",
    "TokensState.create": "person",
    "TokensState.ask": "anybody",
    "TokensState.revoke": "person",
    "TokensState.hide_token": "anybody",
    "SignInState.open": "anybody",
    "PresenceState.watch": "present",
    "LineageState.watch": "reader",
    "LineageState.choose": "anybody",
    "LineageState.open": "anybody",
    "LineageState.dismiss": "anybody",
    "MembersState.watch": "reader",
    "MembersState.invite": "owner",
    "MembersState.withdraw": "owner",
    "MembersState.change_role": "owner",
    "MembersState.ask": "anybody",
    "MembersState.keep": "anybody",
    "MembersState.confirm": "owner",
    "MembersState.dismiss": "anybody",
    "ManagingState.begin_renaming": "anybody",
    "ManagingState.stop_renaming": "anybody",
    "ManagingState.rename": "owner",
    "ManagingState.archive": "owner",
    "ManagingState.unarchive": "owner",
    "ManagingState.delete": "owner",
    "ManagingState.restore": "owner",
    "ManagingState.dismiss": "anybody",
    "IdeasState.pick": "actor",
    "IdeasState.give_reason": "actor",
    "IdeasState.give_own_reason": "actor",
    "IdeasState.close_reason": "anybody",
    "IdeasState.edit": "anybody",
    "IdeasState.save": "actor",
    "IdeasState.close_editor": "anybody",
    "IdeasState.show_versions": "anybody",
    "IdeasState.restore": "actor",
    "IdeasState.like": "actor",
    "IdeasState.retitle": "actor",
    "IdeasState.select": "anybody",
    "IdeasState.select_none": "anybody",
    "IdeasState.merge": "actor",
    "IdeasState.move": "actor",
    "IdeasState.undo": "actor",
    "IdeasState.dismiss": "anybody",
}
"""By state class and handler. `setvar`, which Reflex adds to every state, is always "server"."""


def newest_version(target: Target) -> str:
    """The id of the version that was written last in the project."""
    query = "SELECT id FROM artifacts WHERE project_id = %s AND type = %s ORDER BY created_at"
    with psycopg.connect(database().url) as connection:
        found = [row[0] for row in connection.execute(query, [target.project_id, graph.IDEA])]
    return found[-1] if found else ""


ARGUMENTS: dict[str, dict[str, object]] = {
    "ProjectsState.choose": {"shelf": "deleted"},
    "IdeasState.restore": {"version": "", "newest": newest_version},
    "IdeasState.move": {"said": Target.ref},
}
"""Arguments by handler, in place of those from `arguments` in tests/support/scenes.py.

They are needed where an owner's call would otherwise change nothing, so that the refusal of others would
prove nothing. A function gets the target and returns the argument.
"""

STEPS: dict[str, tuple[tuple[str, dict[str, object]], ...]] = {
    "IdeasState.give_own_reason": (("IdeasState.pick", {"verdict": "pass"}),),
    "IdeasState.save": (("IdeasState.edit", {}),),
    "IdeasState.restore": (("IdeasState.edit", {}), ("IdeasState.save", {})),
    "IdeasState.merge": (("IdeasState.select", {}), ("IdeasState.select", {"ref": 1})),
    "IdeasState.undo": (("IdeasState.pick", {"before": "none", "before_reason": ""}),),
    "MembersState.confirm": (("MembersState.ask", {}),),
}
"""By handler, the calls that a tab makes before it; a `ref` here is the place of an idea."""

ROUTES: dict[str, Right] = {
    "GET /api/openapi.json": "anybody",
    "POST /api/projects": "person",
    "GET /api/projects": "person",
    "GET /api/projects/{project_id}": "reader",
    "PATCH /api/projects/{project_id}": "owner",
    "DELETE /api/projects/{project_id}": "owner",
    "POST /api/projects/{project_id}/restore": "owner",
    "GET /api/projects/{project_id}/export": "reader",
    "POST /api/projects/import": "person",
    "GET /api/projects/{project_id}/members": "reader",
    "POST /api/projects/{project_id}/members": "owner",
    "PATCH /api/projects/{project_id}/members/{user_id}": "owner",
    "DELETE /api/projects/{project_id}/members/{user_id}": "owner",
    "GET /api/projects/{project_id}/invitations": "reader",
    "DELETE /api/projects/{project_id}/invitations/{invitation_id}": "owner",
    "GET /api/invitations": "person",
    "POST /api/invitations/{invitation_id}/accept": "person",
    "POST /api/invitations/{invitation_id}/decline": "person",
    "POST /api/brainstorm/start": "actor",
    "POST /api/brainstorm/{transform_id}/stop": "actor",
    "POST /api/brainstorm/{transform_id}/retry": "actor",
    "POST /api/brainstorm/{transform_id}/fill-in": "actor",
    "GET /api/projects/{project_id}/flow": "reader",
    "GET /api/electric/v1/shape": "reader",
    "POST /api/session/sign-in": "anybody",
    "POST /api/session/register": "anybody",
    "GET /api/session/oidc": "anybody",
    "GET /api/session/oidc/callback": "anybody",
    "GET /api/docs": "anybody",
    "GET /api/docs/swagger-ui.css": "anybody",
    "GET /api/docs/swagger-ui.js": "anybody",
    "DELETE /api/{path:path}": "anybody",
    "GET /api/{path:path}": "anybody",
    "OPTIONS /api/{path:path}": "anybody",
    "PATCH /api/{path:path}": "anybody",
    "POST /api/{path:path}": "anybody",
    "PUT /api/{path:path}": "anybody",
    "POST /api/session/test-user": "server",
    "POST /api/session/sign-out": "anybody",
    "GET /healthz": "anybody",
    "GET /readyz": "anybody",
    "GET /metrics": "server",
}
"""By method and path. A route for "anybody" may open or end the caller's own session. "server" stands for a
route that only an operator may use, or that production does not have."""

WRITERS: dict[Right, tuple[str, ...]] = {
    "actor": ("owner", "collaborator"),
    "owner": ("owner",),
}
READERS = ("owner", "collaborator", "viewer")
