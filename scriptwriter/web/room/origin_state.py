"""State of the dialog that shows the origin of a run: its prompts, reply, model, time and tokens."""

import json
from dataclasses import dataclass, field

import reflex as rx

from scriptwriter.services.runs import provenance
from scriptwriter.services.runs.provenance import Provenance
from scriptwriter.web.kit.following import project_of
from scriptwriter.web.kit.notices import Notice, NoticeState, as_notice
from scriptwriter.web.kit.project_state import ProjectPartState
from scriptwriter.web.kit.session_state import SessionState


@dataclass(frozen=True)
class OriginView:
    """The origin of a run's ideas.

    `seconds` is the duration, -1 while the run is active. `started_at` is ISO 8601, `usage` the token counts
    as text, `parameters` JSON. `prompts` has the prompt of each attempt, `reply` the raw text of the model.
    """

    model: str = ""
    attempts: int = 1
    seconds: int = -1
    started_by: str = ""
    started_at: str = ""
    usage: str = ""
    parameters: str = ""
    prompts: list[str] = field(default_factory=list)
    reply: str = ""


LONGEST = 200_000
"""Most characters of each text. A longer reply loses its beginning: the newest attempt is at its end."""


class OriginState(ProjectPartState, NoticeState, SessionState):
    """The dialog 来源 (origin), opened from a card, or from a run whose reply could not be read."""

    shown: rx.Field[int] = rx.field(0)
    """How often the dialog was opened since it was closed. assets/screen.js opens it when the number grows,
    and closes it at 0."""
    told: rx.Field[OriginView] = rx.field(default_factory=OriginView)

    @rx.event
    async def trace(self, transform_id: str) -> None:
        """Read the origin of a run, and open the dialog."""
        self.notice = Notice()
        try:
            project_id, person = project_of(self), await self._person()
            self.told = _view(await provenance.of_run(project_id, str(transform_id), person))
        except Exception as error:
            self.notice = as_notice(error)
            return
        self.shown += 1

    @rx.event
    def close(self) -> None:
        """Empty the dialog after the person has closed it."""
        self.shown, self.told = 0, OriginView()


def _view(told: Provenance) -> OriginView:
    return OriginView(
        model=told.model or "-",
        attempts=told.attempts,
        seconds=round(told.seconds) if told.seconds is not None else -1,
        started_by=told.started_by,
        started_at=told.started_at.isoformat(timespec="seconds"),
        usage=", ".join(f"{name} {count:,}" for name, count in told.usage.items()),
        parameters=json.dumps(dict(told.parameters), ensure_ascii=False)[:LONGEST] if told.parameters else "",
        prompts=[prompt[:LONGEST] for prompt in told.prompts],
        reply=told.reply[-LONGEST:],
    )
