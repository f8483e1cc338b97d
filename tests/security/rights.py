"""What each event handler and each route is allowed for. One without an entry here fails the tests."""

from typing import Literal

Right = Literal[
    "anybody",  # reads and changes nothing that is kept
    "person",  # whoever is signed in, about what is their own
    "reader",  # members of the project read it
    "actor",  # its owners and collaborators change it
    "owner",  # its owners alone change it
    "server",  # the server itself; no page sends it, and from a websocket it is refused
]

HANDLERS: dict[str, Right] = {
    "State.hydrate": "server",
    "State.hydrate_and_load": "anybody",
    "State.set_is_hydrated": "server",
    "OnLoadInternalState.on_load_internal": "anybody",
    "OnLoadInternalState.set_is_hydrated": "server",
    "UpdateVarsInternalState.update_vars_internal": "anybody",
    "FrontendEventExceptionState.handle_frontend_exception": "anybody",
    "PreferencesState.switch_language": "anybody",
    "SessionState.enter": "anybody",
    "SessionState.pass_by": "anybody",
    "ProjectsState.load": "person",
    "ProjectsState.dismiss": "anybody",
    "NewProjectState.open": "anybody",
    "NewProjectState.submit": "person",
    "NewProjectState.dismiss": "anybody",
    "BrainstormState.watch": "reader",
    "BrainstormState.start": "actor",
    "BrainstormState.start_again": "actor",
    "BrainstormState.retry": "actor",
    "BrainstormState.retry_one": "actor",
    "BrainstormState.rephrase": "actor",
    "BrainstormState.skip": "actor",
    "BrainstormState.stop": "actor",
    "BrainstormState.choose": "actor",
    "BrainstormState.read_reply": "reader",
    "BrainstormState.dismiss": "anybody",
    "ReplyState.put_away": "anybody",
}
"""By state class and handler; `setvar`, which Reflex gives every state, is the server's everywhere."""

ARGUMENTS: dict[str, dict[str, object]] = {}
"""By handler, the arguments that tests/support/scenes.py: arguments cannot know, where an owner's call with
those would change nothing (and would then prove nothing of the others' calls)."""

ROUTES: dict[str, Right] = {
    "GET /api/openapi.json": "anybody",
    "POST /api/session/test-user": "server",
    "POST /api/session/sign-out": "anybody",
    "GET /healthz": "anybody",
    "GET /readyz": "anybody",
    "GET /metrics": "server",
}
"""By method and path; "server" here: an operator's, or none in production."""

WRITERS: dict[Right, tuple[str, ...]] = {
    "actor": ("owner", "collaborator"),
    "owner": ("owner",),
}
READERS = ("owner", "collaborator", "viewer")
