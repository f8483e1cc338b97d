"""Notices: sentences that tell a person of an error or of what has happened, in both languages."""

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import ceil

import reflex as rx

from scriptwriter.domain.errors import UserError
from scriptwriter.texts import error_texts
from scriptwriter.web.kit.session_state import SessionState

log = logging.getLogger(__name__)


LEFT = "{seconds}"
"""The place in a sentence for the seconds that are left."""


@dataclass(frozen=True)
class Notice:
    """A sentence for the person in both languages; both are empty where there is none.

    One that asks to wait has LEFT in place of the number of seconds, which counts down on the screen:
    `seconds` from now, until the moment `until` (ISO 8601).
    """

    zh: str = ""
    en: str = ""
    seconds: int = 0
    until: str = ""


class NoticeState(SessionState, mixin=True):
    """A state that can show a notice until the person has read it."""

    notice: rx.Field[Notice] = rx.field(default_factory=Notice)

    @rx.event
    def dismiss(self) -> None:
        """The person has read the notice."""
        self.notice = Notice()

    def _said(self) -> Notice:
        return replace(self.notice)

    def _take_back(self, said: Notice) -> None:
        """Say `said` no longer; another notice that is shown by now stays."""
        if self.notice == said:
            self.notice = Notice()


WAITED_OUT = frozenset({"too_many_attempts", "too_many_starts"})
"""Errors after which the same can be tried again in `seconds`."""


def as_notice(error: Exception) -> Notice:
    """The notice of an error: its own text for a UserError, else a plain sentence; the log has the cause."""
    if isinstance(error, UserError) and error.code in WAITED_OUT:
        seconds = int(error.params["seconds"])
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        counting = UserError(error.code, **error.params | {"seconds": LEFT})
        return Notice(counting.text("zh"), counting.text("en"), seconds, until.isoformat())
    if isinstance(error, UserError):
        return Notice(error.text("zh"), error.text("en"))
    log.error("An event failed", exc_info=error)
    return Notice(*error_texts.ERRORS["unexpected"])


def still(notice: Notice) -> Notice:
    """The notice as it is now: with the seconds that are left, or empty when the wait is over."""
    if not notice.until:
        return notice
    left = ceil((datetime.fromisoformat(notice.until) - datetime.now(UTC)).total_seconds())
    return replace(notice, seconds=left) if left > 0 else Notice()
