"""The route through which other programs follow a project with Electric's own clients.

The caller names a project and a table. The server sets the where clause, the columns and the secret.
"""

from typing import Annotated, Literal

import httpx
from fastapi import APIRouter, Query, Request, Response

from scriptwriter.api.auth.caller import Person, credential_of
from scriptwriter.api.error_responses import Invalid, answers
from scriptwriter.api.relay.access_watch import read_access
from scriptwriter.api.relay.shape_relay import CONFIRM_SECONDS, Relay
from scriptwriter.domain.errors import UserError
from scriptwriter.electric import protocol
from scriptwriter.sync.hub import Hub, hub
from scriptwriter.sync.views import clause
from scriptwriter.texts import Text, api_texts

router = APIRouter(prefix="/api/electric", tags=["shapes"])

ShapeName = Literal[
    "artifacts",
    "transforms",
    "transform_inputs",
    "transform_outputs",
    "human_transforms",
    "llm_prompts",
    "llm_transforms",
    "projects",
    "projects_users",
]
"""The tables of a project that its members may read."""

PASSED_ON = (
    protocol.OFFSET,
    protocol.HANDLE,
    protocol.LIVE,
    protocol.LIVE_SSE,
    protocol.EXPERIMENTAL_LIVE_SSE,
    protocol.CURSOR,
    protocol.LOG,
    protocol.REPLICA,
    protocol.EXPIRED_HANDLE,
    protocol.CACHE_BUSTER,
)
"""The parameters that the client sets. Electric checks their values."""
_OURS = (protocol.TABLE, protocol.WHERE, protocol.COLUMNS, protocol.SECRET, "api_secret")
_OURS_WITH = ("params", "subset__")
_EVENTS = {"schema": {"type": "string"}}


@router.get(
    "/v1/shape",
    response_class=Response,
    responses={
        **answers(400, 401, 404, 429),
        200: {
            "description": "A part of the shape's log, or with `live_sse` its events as they come",
            "content": {"application/json": {"schema": {"type": "array"}}, protocol.EVENT_STREAM: _EVENTS},
        },
        204: {"description": "Nothing new"},
        304: {"description": "As it was at this ETag"},
        409: {"description": "The shape begins anew: ask again from offset -1"},
    },
)
async def get_shape(
    request: Request,
    person: Person,
    project_id: Annotated[str, Query(description="Whose rows")],
    shape: Annotated[ShapeName, Query(description="Of which table")],
    offset: Annotated[str | None, Query(description="-1 to begin, then `electric-offset`")] = None,
    handle: Annotated[str | None, Query(description="`electric-handle` of the last answer")] = None,
    live: Annotated[str | None, Query(description="true: wait for news")] = None,
    live_sse: Annotated[str | None, Query(description="true: news as server-sent events")] = None,
    cursor: Annotated[str | None, Query(description="`electric-cursor` of the last answer")] = None,
    log: Annotated[str | None, Query(description="full, or changes_only")] = None,
    replica: Annotated[str | None, Query(description="default, or full: whole rows, old values too")] = None,
) -> Response:
    """Follow one table of a project live, by Electric's protocol (https://electric-sql.com/docs/api/http).

    Give Electric's client the URL of this route, `project_id` and `shape` as `params`, and the token in a
    header. The other parameters listed here are passed on to Electric; any parameter that is not listed is
    refused. An open request ends as soon as the person may no longer read the project, and the next one gets
    a 404.
    """
    _refuse_what_is_ours(request)
    access = read_access(credential_of(request), project_id)
    await access.confirm(CONFIRM_SECONDS)
    electric = _electric()
    asked = {name: value for name, value in request.query_params.items() if name in PASSED_ON}
    url = httpx.URL(f"{electric.server}/v1/shape").copy_merge_params(
        {
            protocol.TABLE: shape,
            protocol.WHERE: clause(shape),
            protocol.parameter(1): project_id,
            **asked,
        }
    )
    return Relay(url, electric.secret, request.headers, access, person.id)


def _refuse_what_is_ours(request: Request) -> None:
    """Raises Invalid for every parameter that the caller may not set, or sets twice."""
    known = ("project_id", "shape", *PASSED_ON)
    names = [name for name, _ in request.query_params.multi_items()]
    wrong: dict[str, list[Text]] = {}
    for name in names:
        if name not in known:
            ours = name in _OURS or name.startswith(_OURS_WITH)
            wrong[name] = [api_texts.FIELD_PROBLEMS["set_by_server" if ours else "unknown_parameter"]]
        elif names.count(name) > 1:
            wrong[name] = [api_texts.FIELD_PROBLEMS["given_twice"]]
    if wrong:
        raise Invalid(wrong)


def _electric() -> Hub:
    """The hub, which knows where Electric is. Raises UserError `sync_away` while this process starts."""
    try:
        return hub()
    except RuntimeError:
        raise UserError("sync_away") from None
