"""State of the dialog that shows the origin of a run: its prompts, its reply, its facts."""

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
    """Where a run's ideas come from; `seconds` is -1 while it goes on, each attempt has a prompt."""

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
"""Characters of each text; of a longer reply the end is shown, with the newest attempt."""


class OriginState(ProjectPartState, NoticeState, SessionState):
    """The dialog 来源 of a card, and of a run whose reply could not be read."""

    shown: rx.Field[int] = rx.field(0)
    """Counts while the dialog is open; 0 closes it. The page's script opens it when the number changes."""
    told: rx.Field[OriginView] = rx.field(default_factory=OriginView)

    @rx.event
    async def trace(self, transform_id: str) -> None:
        """Read where the ideas of a run come from, and show it."""
        self.notice = Notice()
        try:
            project_id, person = project_of(self), await self._person()
            self.told = _view(await provenance.of_run(project_id, str(transform_id), person))
        except Exception as error:
            self.notice = as_notice(error)
            return
        self.shown += 1

    @rx.event
    def put_away(self) -> None:
        """The person has closed the dialog."""
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
