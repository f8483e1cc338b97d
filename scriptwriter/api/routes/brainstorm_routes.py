"""Owns the routes that start a brainstorm, stop it and go on with it: each is one call of a service.

The results come by shapes, or by a look at the flow: no route here waits for a model.
"""

from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import ConfigDict, Field

from scriptwriter.api.auth.caller import Person
from scriptwriter.api.auth.request_language import language_of
from scriptwriter.api.error_responses import Invalid, answers
from scriptwriter.api.routes.request_models import Asked, Told
from scriptwriter.domain.errors import UserError
from scriptwriter.domain.graph import Audience, Brief
from scriptwriter.services.runs import brainstorms
from scriptwriter.texts import Text, api_texts

router = APIRouter(prefix="/api/brainstorm", tags=["brainstorm"])

_ERRORS = answers(400, 401, 403, 404, 409, 413, 429)
_PASSES = {"platform": "-", "genre": "-"}


class Params(Asked):
    """What the ideas are for."""

    model_config = ConfigDict(alias_generator=None)

    platform: str = Field(examples=["抖音"], description="Up to 100 characters")
    genre: str = Field(examples=["穿越, 爽文"], description="Up to 200 characters")
    other_requirements: str = Field("", examples=["女主是现代 CEO"], description="Up to 20,000 characters")
    count: int = Field(5, description="How many ideas, 1 to 10")
    audience: Audience = Field("", description="Whom the stories are for; everybody without")
    avoid: str = Field("", examples=["失忆"], description="What they must not have, up to 2,000 characters")
    model: str = Field("", description="One of the models that are offered; the default one without")


class Start(Asked):
    """A brief for a project."""

    project_id: str
    params: Params


class OfProject(Asked):
    """The project that the run belongs to."""

    project_id: str


class Retry(OfProject):
    """What to write again."""

    idea: int | None = Field(
        None, ge=1, le=10, description="The number of the one idea to write, from 1; all missing ones without"
    )
    rephrase: bool = Field(False, description="Ask for milder words, after a refusal of the model's provider")


class Started(Told):
    """The run is on its way."""

    transform_id: str
    status: Literal["started"] = "started"
    message: str


class Stopped(Told):
    """How the run stands: `stopped` now, or `ended` before."""

    transform_id: str
    status: Literal["stopped", "ended"]
    message: str


@router.post("/start", status_code=202, responses=_ERRORS)
async def start_brainstorm(body: Start, person: Person, request: Request) -> Started:
    """Start a brainstorm in a project; its ideas come by shapes, word by word."""
    transform_id = await brainstorms.start(body.project_id, _brief(body.params), person.id)
    return _started(transform_id, api_texts.RUN_STARTED, request)


@router.post("/{transform_id}/stop", responses=answers(400, 401, 403, 404, 413))
async def stop_brainstorm(transform_id: str, body: OfProject, person: Person, request: Request) -> Stopped:
    """Stop a run at once; what is written stays."""
    stopped = await brainstorms.stop(body.project_id, transform_id, person.id)
    text = api_texts.RUN_STOPPED if stopped else api_texts.RUN_HAD_ENDED
    status = "stopped" if stopped else "ended"
    return Stopped(transform_id=transform_id, status=status, message=getattr(text, language_of(request)))


@router.post("/{transform_id}/retry", status_code=202, responses=_ERRORS)
async def retry_brainstorm(transform_id: str, body: Retry, person: Person, request: Request) -> Started:
    """Go on with a run that ended short: with all missing ideas, or with one of them alone.

    Finished ideas stay as they are. Where the model that the run was started with is no longer offered, the
    answer is 409 with the code `model_withdrawn`, and nothing has changed: start again with another model.
    """
    only = None if body.idea is None else body.idea - 1
    await brainstorms.retry(body.project_id, transform_id, person.id, only=only, rephrase=body.rephrase)
    return _started(transform_id, api_texts.RUN_GOES_ON, request)


@router.post("/{transform_id}/fill-in", status_code=202, responses=_ERRORS)
async def fill_in_brainstorm(transform_id: str, body: OfProject, person: Person, request: Request) -> Started:
    """Fill in every idea that a run lacks: as `retry` does when it is told nothing else, errors included."""
    await brainstorms.retry(body.project_id, transform_id, person.id)
    return _started(transform_id, api_texts.RUN_GOES_ON, request)


def _started(transform_id: str, text: Text, request: Request) -> Started:
    return Started(transform_id=transform_id, message=getattr(text, language_of(request)))


def _brief(params: Params) -> Brief:
    """The brief of the params. Raises Invalid with every field that is not valid, not only the first."""
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
