"""Owns the form of a brief in one tab: what is wrong with it, and what it would cost. Knows no SQL."""

from datetime import datetime
from typing import Any

import reflex as rx

from scriptwriter import pricing
from scriptwriter.components.views import BriefMessages, Notice
from scriptwriter.errors import UserError
from scriptwriter.graph import Brief
from scriptwriter.settings import settings
from scriptwriter.state.session import SessionState, as_notice
from scriptwriter.texts import INITIAL_GENRE, INITIAL_PLATFORM, PROJECT_NAME

FIELDS = ("platform", "genre", "other_requirements", "audience", "avoid", "count", "model")
PASSING = {"count": "5", "audience": ""}
"""Values that pass, of the fields that do not take any words."""

MODELS = tuple(each.name for each in settings().model_options)
PRICED = any(each.input_price is not None for each in settings().model_options)


class BriefState(SessionState):
    """What a brief's form tells beside its fields: the likely cost, where the chosen model has a price."""

    estimate: rx.Field[str] = rx.field("")
    _count: int = 5
    _model: str = ""
    _wishes: int = 0

    @rx.event
    def open(self) -> None:
        """A form opens with its initial values."""
        self._count, self._model, self._wishes = 5, "", 0
        self._reckon()

    @rx.event
    def reckon(self, field: str, value: str) -> None:
        """One of the fields that decide the cost has another value."""
        if field == "model":
            self._model = str(value)[:200]
        elif field == "count" and str(value) in {str(number) for number in range(1, 11)}:
            self._count = int(value)
        elif field == "other_requirements":
            self._wishes = len(str(value))
        self._reckon()

    def _reckon(self) -> None:
        # What it costs is decided by how much there is to read, not by what it says.
        brief = Brief(INITIAL_PLATFORM.zh, INITIAL_GENRE.zh, "字" * self._wishes, count=self._count)
        cost = pricing.estimate(brief, settings().model(self._model), settings().price_currency)
        self.estimate = "" if cost is None else str(cost)


def checked(form: dict[str, Any]) -> tuple[Brief | None, BriefMessages]:
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


def project_name(brief: Brief, now: datetime) -> str:
    """A name that tells a project from its neighbours: what was asked for, and when."""
    genre = brief.genre if len(brief.genre) <= 40 else brief.genre[:39] + "…"
    return PROJECT_NAME.format(platform=brief.platform, genre=genre, time=f"{now:%m-%d %H:%M}")
