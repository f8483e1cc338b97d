"""Parses the form of a brief into a Brief, or into an error message for each invalid field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from scriptwriter.domain.errors import UserError
from scriptwriter.domain.graph import Brief
from scriptwriter.texts import brief_texts
from scriptwriter.web.kit.notices import Notice, as_notice


@dataclass(frozen=True)
class BriefMessages:
    """The error message of each field of a brief; empty for a valid field."""

    platform: Notice = field(default_factory=Notice)
    genre: Notice = field(default_factory=Notice)
    other_requirements: Notice = field(default_factory=Notice)
    avoid: Notice = field(default_factory=Notice)
    model: Notice = field(default_factory=Notice)
    count: Notice = field(default_factory=Notice)
    audience: Notice = field(default_factory=Notice)


FIELDS = ("platform", "genre", "other_requirements", "audience", "avoid", "count", "model")
VALID_CHOICES = {"count": "5", "audience": ""}
"""A valid value for each field that does not accept any text."""


def checked(form: Mapping[str, object]) -> tuple[Brief | None, BriefMessages]:
    """The brief in a form, or None with the error messages of all invalid fields."""
    values = {name: form.get(name) for name in FIELDS}
    messages: dict[str, Notice] = {}
    while True:
        try:
            brief = Brief.parse(values)
        except UserError as error:
            field = next((name for name in values if error.code.startswith(name)), None)
            if field is None or field in messages:
                raise
            messages[field] = as_notice(error)
            # Continue with a valid value, to find the errors of the other fields.
            values[field] = VALID_CHOICES.get(field, "-")
            continue
        return (None if messages else brief), BriefMessages(**messages)


def ticket_in(form: Mapping[str, object]) -> str:
    """The ticket of the form: the id that assets/drafts.js gave it, or ""."""
    ticket = form.get("draft_mark")
    return ticket if isinstance(ticket, str) else ""


def project_name(brief: Brief, now: datetime) -> str:
    """The name of a new project: platform and genre of the brief, and the time."""
    genre = brief.genre if len(brief.genre) <= 40 else brief.genre[:39] + "…"
    return brief_texts.PROJECT_NAME.format(platform=brief.platform, genre=genre, time=f"{now:%m-%d %H:%M}")
