"""Routes that start, stop and retry a brainstorm. Each calls one function of a service.

No route waits for a model: a caller follows the shapes, or reads the flow, to see the results.
"""

from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import ConfigDict, Field

from scriptwriter.api.auth.caller import Person
from scriptwriter.api.auth.request_language import language_of
from scriptwriter.api.error_responses import Invalid, answers
from scriptwriter.api.routes.request_models import RequestBody, ResponseBody
from scriptwriter.domain.errors import UserError
from scriptwriter.domain.graph import Audience, Brief
from scriptwriter.services.runs import ending, retrying, starting
from scriptwriter.texts import Text, api_texts

router = APIRouter(prefix="/api/brainstorm", tags=["brainstorm"])

_ERRORS = answers(400, 401, 403, 404, 409, 413, 429)
_PASSES = {"platform": "-", "genre": "-"}


class Params(RequestBody):
    """The brief of a brainstorm."""

    model_config = ConfigDict(alias_generator=None)

    platform: str = Field(examples=["抖音"], description="Up to 100 characters")
    genre: str = Field(examples=["穿越, 爽文"], description="Up to 200 characters")
    other_requirements: str = Field("", examples=["女主是现代 CEO"], description="Up to 20,000 characters")
    count: int = Field(5, description="Number of ideas, 1 to 10")
    audience: Audience = Field("", description="Who the stories are for; by default everybody")
    avoid: str = Field(
        "", examples=["失忆"], description="What the stories must not contain, up to 2,000 characters"
    )
    model: str = Field("", description="One of the offered models; by default the first")


class Start(RequestBody):
    """A brief for a project."""

    project_id: str
    params: Params


class OfProject(RequestBody):
    """The project that the run belongs to."""

    project_id: str


class Retry(OfProject):
    """Which ideas to write again."""

    idea: int | None = Field(
        None,
        ge=1,
        le=10,
        description="The number, from 1, of the one idea to write; by default all that are missing",
    )
    rephrase: bool = Field(
        False, description="Ask the model for milder words, after its provider refused the text"
    )


class Started(ResponseBody):
    """A run that was started or continued."""

    transform_id: str
    status: Literal["started"] = "started"
    message: str


class Stopped(ResponseBody):
    """Whether this request stopped the run, or it had `ended` before."""

    transform_id: str
    status: Literal["stopped", "ended"]
    message: str


@router.post("/start", status_code=202, responses=_ERRORS)
async def start_brainstorm(body: Start, person: Person, request: Request) -> Started:
    """Start a brainstorm in a project. Its ideas arrive through the shapes, word by word."""
    transform_id = await starting.start(body.project_id, _brief(body.params), person.id)
    return _started(transform_id, api_texts.RUN_STARTED, request)


@router.post("/{transform_id}/stop", responses=answers(400, 401, 403, 404, 413))
async def stop_brainstorm(transform_id: str, body: OfProject, person: Person, request: Request) -> Stopped:
    """Stop a run immediately. The ideas written so far are kept."""
    stopped = await ending.stop(body.project_id, transform_id, person.id)
    text = api_texts.RUN_STOPPED if stopped else api_texts.RUN_HAD_ENDED
    status = "stopped" if stopped else "ended"
    return Stopped(transform_id=transform_id, status=status, message=getattr(text, language_of(request)))


@router.post("/{transform_id}/retry", status_code=202, responses=_ERRORS)
async def retry_brainstorm(transform_id: str, body: Retry, person: Person, request: Request) -> Started:
    """Continue a run that ended early: write all missing ideas, or one of them.

    Finished ideas stay as they are. If the model of the run is no longer offered, the answer is 409 with the
    code `model_withdrawn` and nothing changes: start again with another model.
    """
    only = None if body.idea is None else body.idea - 1
    await retrying.retry(body.project_id, transform_id, person.id, only=only, rephrase=body.rephrase)
    return _started(transform_id, api_texts.RUN_GOES_ON, request)


@router.post("/{transform_id}/fill-in", status_code=202, responses=_ERRORS)
async def fill_in_brainstorm(transform_id: str, body: OfProject, person: Person, request: Request) -> Started:
    """Write every missing idea of a run: the same as `retry` without further fields."""
    await retrying.retry(body.project_id, transform_id, person.id)
    return _started(transform_id, api_texts.RUN_GOES_ON, request)


def _started(transform_id: str, text: Text, request: Request) -> Started:
    return Started(transform_id=transform_id, message=getattr(text, language_of(request)))


def _brief(params: Params) -> Brief:
    """The brief in the request. Raises Invalid with all fields that are not valid."""
    values = params.model_dump()
    wrong: dict[str, list[Text]] = {}
    for name, value in values.items():
        problem = _problem({**_PASSES, name: value})
        if problem is not None:
            wrong[f"params.{name}"] = [problem]
    if wrong:
        raise Invalid(wrong)
    return Brief.parse(values)


def _problem(values: dict[str, Any]) -> Text | None:
    try:
        Brief.parse(values)
    except UserError as error:
        return Text(error.text("zh"), error.text("en"))
    return None
