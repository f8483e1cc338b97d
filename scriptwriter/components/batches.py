"""Owns how a run reads: its state in words, its progress, its ideas in their places. Knows no state class."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from scriptwriter.components.elements import button, demo_chip, timer
from scriptwriter.components.ideas import blank_card, growing_card, idea_card
from scriptwriter.components.wording import Language, t
from scriptwriter.texts import (
    ANOTHER_BATCH,
    BRIEF_COUNT,
    DONE,
    FAILED,
    FILL_IN,
    PARTIAL,
    QUEUED,
    RESUMING,
    RETRY,
    SECONDS,
    STARTED_BY,
    STOP,
    STOPPED,
    STOPPING,
    THINKING,
    TOKENS,
    WRITING,
)

DOT = " · "


@dataclass(frozen=True)
class Deeds:
    """What a person can do here: event handlers; `stopping` says whether a stop is on its way."""

    choose: Any
    retry: Any
    stop: Any
    stopping: Any
    start_again: Any


def status(batch: Any, language: Language, deeds: Deeds) -> rx.Component:
    """The state of the newest run, and the one thing to do about it; `batch` is a Var of BatchView."""
    return rx.el.section(
        rx.el.div(
            rx.match(
                batch.phase,
                ("queued", _line(t(QUEUED, language))),
                ("thinking", _thinking(batch, language)),
                ("writing", _line(t(WRITING, language, count=batch.finished), testid="writing-status")),
                ("failed", _failed(batch, language, deeds)),
                ("stopped", _short(batch, t(STOPPED, language), language, deeds)),
                ("partial", _short(batch, _partial(batch, language), language, deeds)),
                ("completed", _completed(batch, language, deeds)),
                rx.fragment(),
            ),
            rx.cond(_running(batch), _stop(batch, language, deeds)),
            class_name="status-line",
        ),
        rx.cond(_running(batch), _bar(batch), rx.el.div(class_name="bar resting")),
        class_name="status",
        data_testid="status",
        data_phase=batch.phase,
    )


def facts(batch: Any, language: Language) -> rx.Component:
    """The brief and where the run comes from."""
    return rx.fragment(
        rx.el.p(
            rx.el.span(batch.platform),
            DOT,
            rx.el.span(batch.genre),
            DOT,
            rx.el.span(t(BRIEF_COUNT, language, count=batch.count)),
            class_name="brief-line",
            data_testid="brief",
        ),
        rx.cond(batch.wishes != "", rx.el.p(batch.wishes, class_name="wishes")),
        rx.el.p(
            rx.cond(batch.started_by != "", rx.el.span(t(STARTED_BY, language, name=batch.started_by))),
            rx.cond(
                batch.demo,
                demo_chip(language),
                rx.cond(batch.model != "", rx.el.span(batch.model, class_name="model")),
            ),
            class_name="provenance",
        ),
    )


def newest_ideas(
    cards: Any, growing: Any, blanks: Any, artifact_id: Any, language: Language, deeds: Deeds
) -> rx.Component:
    """The ideas of the newest run in their places: finished, being written, still to come.

    `growing` is a state class or a Var with `number`, `title` and `body`.
    """
    return rx.el.div(
        rx.foreach(cards, lambda card: idea_card(card, artifact_id, language, deeds.choose)),
        rx.cond(growing.number > 0, growing_card(growing.number, growing.title, growing.body, language)),
        rx.foreach(blanks, blank_card),
        class_name="sheets",
        data_testid="newest-ideas",
    )


def past_batch(batch: Any, language: Language, deeds: Deeds) -> rx.Component:
    """An earlier run: one line and its ideas; `batch` is a Var of PastBatchView."""
    heading = batch.heading
    return rx.el.section(
        rx.el.header(
            facts(heading, language),
            class_name="past-heading",
        ),
        rx.el.div(
            rx.foreach(
                batch.cards, lambda card: idea_card(card, heading.artifact_id, language, deeds.choose)
            ),
            class_name="sheets",
        ),
        class_name="past-batch",
        data_testid="past-batch",
    )


def _running(batch: Any) -> Any:
    return (batch.phase == "queued") | (batch.phase == "thinking") | (batch.phase == "writing")


def _stop(batch: Any, language: Language, deeds: Deeds) -> rx.Component:
    return rx.el.div(
        button(
            rx.cond(deeds.stopping, t(STOPPING, language), t(STOP, language)),
            kind="plain",
            disabled=deeds.stopping,
            on_click=_once(deeds.stop(batch.transform_id)),
            data_testid="stop",
        ),
        class_name="actions",
    )


def _line(text: Any, *more: rx.Component, testid: str = "status-text") -> rx.Component:
    return rx.el.p(text, *more, data_testid=testid)


def _thinking(batch: Any, language: Language) -> rx.Component:
    clock = timer(batch.elapsed, batch.transform_id)
    resuming = t(RESUMING, language, number=batch.finished + 1)
    return rx.cond(
        batch.resuming,
        rx.el.p(resuming, " ", clock, data_testid="status-text"),
        rx.el.p(t(THINKING, language), " ", clock, data_testid="status-text"),
    )


def _failed(batch: Any, language: Language, deeds: Deeds) -> rx.Component:
    reason = rx.cond(language == "en", batch.failure_en, batch.failure_zh)
    return rx.el.div(
        rx.el.div(
            rx.el.strong(t(FAILED, language)),
            rx.cond(batch.failure_zh != "", rx.el.p(reason, data_testid="failure-reason")),
        ),
        _go_on(t(RETRY, language), batch, deeds),
        class_name="failure",
        role="alert",
        data_testid="failure",
    )


def _short(batch: Any, text: Any, language: Language, deeds: Deeds) -> rx.Component:
    return rx.fragment(
        rx.el.p(text, data_testid="status-text"),
        rx.el.div(
            _go_on(t(FILL_IN, language), batch, deeds),
            _again(language, deeds, kind="plain"),
            class_name="actions",
        ),
    )


def _partial(batch: Any, language: Language) -> Any:
    missing = batch.count - batch.finished
    return t(PARTIAL, language, finished=batch.finished, count=batch.count, missing=missing)


def _completed(batch: Any, language: Language, deeds: Deeds) -> rx.Component:
    return rx.fragment(
        rx.el.p(
            rx.el.span(t(DONE, language, count=batch.finished)),
            rx.cond(batch.seconds >= 0, rx.el.span(DOT, t(SECONDS, language, seconds=batch.seconds))),
            rx.cond(batch.tokens != "", rx.el.span(DOT, t(TOKENS, language, tokens=batch.tokens))),
            data_testid="summary",
        ),
        rx.el.div(_again(language, deeds), class_name="actions"),
    )


def _go_on(text: Any, batch: Any, deeds: Deeds) -> rx.Component:
    return button(text, on_click=_once(deeds.retry(batch.transform_id)), data_testid="retry")


def _again(language: Language, deeds: Deeds, *, kind: str = "primary") -> rx.Component:
    return button(
        t(ANOTHER_BATCH, language), kind=kind, on_click=_once(deeds.start_again), data_testid="another-batch"
    )


def _once(event: Any) -> Any:
    # The second click of a double click would only be told that the first has started a run already.
    return event.throttle(1000)


def _bar(batch: Any) -> rx.Component:
    return rx.el.div(
        rx.el.div(class_name="bar-fill", style={"transform": f"scaleX({batch.progress / 100})"}),
        class_name="bar",
        role="progressbar",
        aria_valuemin="0",
        aria_valuemax="100",
        aria_valuenow=batch.progress,
        data_testid="progress",
    )
