"""Reads the form of a brief: the brief, or a message for each field that is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from scriptwriter.domain.errors import UserError
from scriptwriter.domain.graph import Brief
from scriptwriter.texts import brief_texts
from scriptwriter.web.kit.notices import Notice, as_notice


@dataclass(frozen=True)
class BriefMessages:
    """What is wrong with each field of a brief."""

    platform: Notice = field(default_factory=Notice)
    genre: Notice = field(default_factory=Notice)
    other_requirements: Notice = field(default_factory=Notice)
    avoid: Notice = field(default_factory=Notice)
    model: Notice = field(default_factory=Notice)
    count: Notice = field(default_factory=Notice)
    audience: Notice = field(default_factory=Notice)


FIELDS = ("platform", "genre", "other_requirements", "audience", "avoid", "count", "model")
PASSING = {"count": "5", "audience": ""}
"""Values that pass, of the fields that do not take any words."""


def checked(form: Mapping[str, object]) -> tuple[Brief | None, BriefMessages]:
    """The brief that a form holds, or None and every field's message at once."""
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
            # Goes on with a value that passes, to find what is wrong with the other fields.
            values[field] = PASSING.get(field, "-")
            continue
        return (None if messages else brief), BriefMessages(**messages)


def ticket_in(form: Mapping[str, object]) -> str:
    """The name that the browser gave the form, "" where it gave none."""
    ticket = form.get("draft_mark")
    return ticket if isinstance(ticket, str) else ""


def project_name(brief: Brief, now: datetime) -> str:
    """A name that tells a project from its neighbours: what was asked for, and when."""
    genre = brief.genre if len(brief.genre) <= 40 else brief.genre[:39] + "…"
    return brief_texts.PROJECT_NAME.format(platform=brief.platform, genre=genre, time=f"{now:%m-%d %H:%M}")
