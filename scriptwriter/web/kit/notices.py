"""Notices: sentences in both languages about an error or about an action that was done."""

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import ceil

import reflex as rx

from scriptwriter.domain.errors import UserError
from scriptwriter.texts import error_texts
from scriptwriter.web.kit.session_state import SessionState

log = logging.getLogger(__name__)


SECONDS_LEFT = "{seconds}"
"""The placeholder in a notice for the number of seconds that are left."""


@dataclass(frozen=True)
class Notice:
    """A sentence for the person in both languages; both are empty if there is no notice.

    A notice that asks the person to wait contains SECONDS_LEFT, for which the browser shows a countdown of
    `seconds`; `until` is the end of the wait (ISO 8601).
    """

    zh: str = ""
    en: str = ""
    seconds: int = 0
    until: str = ""


class NoticeState(SessionState, mixin=True):
    """A state that shows a notice until the person dismisses it."""

    notice: rx.Field[Notice] = rx.field(default_factory=Notice)

    @rx.event
    def dismiss(self) -> None:
        """Remove the notice."""
        self.notice = Notice()

    def _current_notice(self) -> Notice:
        return replace(self.notice)

    def _remove_notice(self, shown: Notice) -> None:
        """Remove the notice if it still is `shown`; any newer notice stays."""
        if self.notice == shown:
            self.notice = Notice()


WAIT_ERRORS = frozenset({"too_many_attempts", "too_many_starts"})
"""Codes of errors with a parameter `seconds`: the time after which the action can be tried again."""


def as_notice(error: Exception) -> Notice:
    """The notice for an error: the text of a UserError, or a general sentence; then the log has the cause."""
    if isinstance(error, UserError) and error.code in WAIT_ERRORS:
        seconds = int(error.params["seconds"])
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        counting = UserError(error.code, **error.params | {"seconds": SECONDS_LEFT})
        return Notice(counting.text("zh"), counting.text("en"), seconds, until.isoformat())
    if isinstance(error, UserError):
        return Notice(error.text("zh"), error.text("en"))
    log.error("An event failed", exc_info=error)
    return Notice(*error_texts.ERRORS["unexpected"])


def still(notice: Notice) -> Notice:
    """The notice with the seconds that are left now, or an empty one if its wait is over."""
    if not notice.until:
        return notice
    left = ceil((datetime.fromisoformat(notice.until) - datetime.now(UTC)).total_seconds())
    return replace(notice, seconds=left) if left > 0 else Notice()
