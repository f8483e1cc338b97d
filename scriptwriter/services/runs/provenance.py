"""Where an idea comes from, for the page that shows it: prompts, the raw reply, tokens, who began the run."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import col, select

from scriptwriter.domain import kinds
from scriptwriter.domain.errors import UserError
from scriptwriter.domain.kinds import Unreadable
from scriptwriter.domain.run_context import Parameters, Usage
from scriptwriter.services.projects.access import require
from scriptwriter.services.runs.records import begun_by, context_of
from scriptwriter.store.database import transaction
from scriptwriter.store.tables import LlmPrompt, LlmTransform, Transform


@dataclass(frozen=True, slots=True)
class Provenance:
    """The provenance of one run: who started it, what was sent to the model, and what came back.

    `prompts` are those of all attempts, in order, as sent; `reply` is the raw reply, "" for none. `usage`
    counts tokens by kind; `seconds` is the duration of the attempts that have ended, None before the first
    end; `attempts` counts from 1.
    """

    transform_id: str
    model: str
    parameters: Mapping[str, Any]
    prompts: tuple[str, ...]
    reply: str
    usage: Mapping[str, int]
    started_by: str
    started_at: datetime
    seconds: float | None
    attempts: int


async def of_run(project_id: str, transform_id: str, user_id: str) -> Provenance:
    """The provenance of a run, for a member of its project.

    Raises UserError: `project_not_found`, `run_not_found`.
    """
    async with transaction() as session:
        await require(session, project_id, user_id)
        found = await session.exec(
            select(Transform, LlmTransform)
            .outerjoin(LlmTransform, col(LlmTransform.transform_id) == Transform.id)
            .where(Transform.id == transform_id, Transform.project_id == project_id, Transform.type == "llm")
        )
        row = found.first()
        if row is None:
            raise UserError("run_not_found")
        transform, answered = row
        sent = await session.exec(select(LlmPrompt).where(LlmPrompt.transform_id == transform_id))
        prompts = sorted(sent, key=lambda prompt: _attempt_number(prompt.prompt_role))
    context = context_of(transform)
    known = None if isinstance(context, Unreadable) else context
    return Provenance(
        transform_id,
        (answered.model_name if answered else known and known.model) or "",
        _values(Parameters, answered and answered.model_parameters),
        tuple(prompt.prompt_text for prompt in prompts),
        (answered and answered.raw_response) or "",
        _values(Usage, answered and answered.token_usage),
        begun_by(transform),
        transform.created_at,
        known and known.seconds,
        transform.retry_count + 1,
    )


def _values(declared: type[Parameters | Usage], text: str | None) -> Mapping[str, Any]:
    value = kinds.read_as(declared, text)
    return {} if isinstance(value, Unreadable) else value.model_dump()


def _attempt_number(role: str) -> int:
    """The number of the attempt whose prompt has this `prompt_role`, from 0."""
    number = role.rpartition("-")[2]
    return int(number) if number.isdecimal() and len(number) < 10 else 0
