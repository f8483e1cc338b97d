"""The route that reads a project's runs and ideas once, as JSON: the same join that the pages show."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict, Field

from scriptwriter.api.auth.caller import Person
from scriptwriter.api.auth.request_language import language_of
from scriptwriter.api.error_responses import answers
from scriptwriter.api.routes.request_models import ResponseBody
from scriptwriter.domain.errors import Language, UserError, stored_error
from scriptwriter.domain.graph import Task, TransformStatus
from scriptwriter.operations import process_pool
from scriptwriter.sync import project_flow
from scriptwriter.sync.flow_snapshot import read_flow

router = APIRouter(prefix="/api/projects/{project_id}/flow", tags=["brainstorm"])


class Source(ResponseBody):
    """An idea that was an input of a run, with its text at that time."""

    ref: str
    title: str
    body: str


class Brief(ResponseBody):
    """The brief, with the field names of the request."""

    model_config = ConfigDict(alias_generator=None)

    platform: str
    genre: str
    other_requirements: str
    count: int
    audience: str
    avoid: str
    model: str
    task: Task
    sources: list[Source] = Field(description="The input ideas, if the task has any")


class Idea(ResponseBody):
    """One story idea, or the part of it that is written so far."""

    title: str
    body: str
    status: Literal["finished", "writing", "unfinished"] = Field(
        description="`unfinished`: its writing ended before its last word"
    )


class Failure(ResponseBody):
    """Why a run failed; `message` is in the language of Accept-Language."""

    code: str
    message: str


class Waiting(ResponseBody):
    """The automatic retry that a run waits for; `seconds` is the whole wait."""

    code: str
    seconds: int
    until: datetime
    number: int = Field(description="Which one, from 1")
    of: int


class Run(ResponseBody):
    """One run: its brief and its ideas, in order."""

    transform_id: str
    artifact_id: str | None = Field(description="The ideas artifact; null before its row has arrived")
    status: TransformStatus
    progress: float = Field(description="Percent")
    error: Failure | None = None
    brief: Brief
    ideas: list[Idea]
    kept: list[int] = Field(description="Numbers, from 1, of the ideas that somebody keeps")
    skipped: list[int] = Field(description="Numbers, from 1, of the ideas that were skipped")
    started_by: str
    stopped_by: str = Field(description='Who stopped it; "" if nobody did')
    created_at: datetime
    attempt: int = Field(description="Number of attempts before this one")
    attempt_started_at: datetime | None = Field(description="While it runs")
    interrupted: bool = Field(description="Whether this attempt continues one whose worker died")
    waiting: Waiting | None
    seconds: float | None = Field(description="Working time of all attempts")
    model: str | None
    tokens: int | None


class Flow(ResponseBody):
    """A project with its runs, newest first."""

    project_id: str
    name: str
    runs: list[Run]


@router.get("", response_model=Flow, responses=answers(401, 404))
async def get_flow(project_id: str, person: Person, request: Request) -> Response:
    """Read all runs of a project with their ideas, as the pages show them now."""
    found = await read_flow(project_id, person.id)
    ideas = sum(len(batch.ideas) for batch in found.batches)
    written = await process_pool.in_thread_if_large(10 * ideas, _written, found, language_of(request))
    return Response(written, media_type="application/json")


def _written(found: project_flow.ProjectFlow, language: Language) -> bytes:
    runs = [_run(batch, language) for batch in found.batches]
    whole = Flow(project_id=found.project_id, name=found.name, runs=runs)
    return whole.model_dump_json(by_alias=True).encode()


def _run(batch: project_flow.Batch, language: Language) -> Run:
    values: dict[str, Any] = {name: getattr(batch, name) for name in Run.model_fields if hasattr(batch, name)}
    values |= {
        "error": _failure(batch, language),
        "model": batch.model_name,
        "ideas": [_idea(batch, place) for place in range(len(batch.ideas))],
        "kept": _numbers(place for place, notes in batch.notes.items() if notes.kept),
        "skipped": _numbers(batch.skipped),
    }
    return Run.model_validate(values)


def _idea(batch: project_flow.Batch, place: int) -> Idea:
    """An idea with its newest text."""
    written, notes = batch.ideas[place], batch.notes.get(place)
    text = notes.newest if notes else written
    return Idea(title=text.title, body=text.body, status=written.status)


def _numbers(places: Iterable[int]) -> list[int]:
    return sorted(place + 1 for place in places)


def _failure(batch: project_flow.Batch, language: Language) -> Failure | None:
    if batch.status != "failed":
        return None
    error = stored_error(batch.error_code or "", batch.error_params) or UserError("generation_interrupted")
    return Failure(code=error.code, message=error.text(language))
