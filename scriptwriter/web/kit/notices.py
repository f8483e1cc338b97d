"""Notices: sentences that tell a person of an error or of what has happened, in both languages."""

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import ceil

from scriptwriter.domain.errors import UserError
from scriptwriter.texts import error_texts

log = logging.getLogger(__name__)


LEFT = "{seconds}"
"""Stands in a sentence for the seconds that are left."""


@dataclass(frozen=True)
class Notice:
    """A sentence for the person, in both languages; empty when there is none.

    Where it says to wait, it does so for `seconds` from now, `until` (ISO 8601), and has LEFT in the place of
    that number, which counts down.
    """

    zh: str = ""
    en: str = ""
    seconds: int = 0
    until: str = ""


WAITED_OUT = frozenset({"too_many_attempts", "too_many_starts"})
"""Errors after which the same can be tried again in `seconds`."""


def as_notice(error: Exception) -> Notice:
    """What a person reads of an error: its own text, or a plain sentence for one that only the log tells."""
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
    """The notice for who sees it later, perhaps: with the seconds that are left; empty when none is."""
    if not notice.until:
        return notice
    left = ceil((datetime.fromisoformat(notice.until) - datetime.now(UTC)).total_seconds())
    return replace(notice, seconds=left) if left > 0 else Notice()
