"""A run on the screen: its state in words, its progress, its brief, its ideas in their places."""

import reflex as rx
from reflex.vars import BooleanVar, ObjectVar, StringVar

from scriptwriter.texts import brief_texts, projects_texts, room_texts
from scriptwriter.web.kit.elements import countdown, demo_chip, seconds_left, timer
from scriptwriter.web.kit.wording import Content, by_language, counted, named, quoted, t, woven
from scriptwriter.web.room.card_vars import RUNNING, BatchView, PastBatchView
from scriptwriter.web.room.idea_cards import growing_card, idea_card, place_card
from scriptwriter.web.room.room_state import BrainstormState, WritingState
from scriptwriter.web.room.run_buttons import another_batch, remedies, stop

DOT = " · "
BEGINNING = 160
"""How many characters of the wishes stand beside the ideas before the rest is folded away."""


def status(batch: ObjectVar[BatchView]) -> rx.Component:
    """The state of the newest run, and the one thing to do about it; `batch` is a Var of BatchView."""
    recovering = t(room_texts.RECOVERING, number=batch.resume_at)
    return rx.el.section(
        rx.el.div(
            rx.match(
                batch.phase,
                ("queued", _line(t(room_texts.QUEUED))),
                ("thinking", _thinking(batch)),
                ("recovering", _line(recovering, " ", _clock(batch))),
                ("waiting", _waiting(batch)),
                (
                    "writing",
                    _line(t(room_texts.WRITING, count=batch.finished), testid="writing-status"),
                ),
                ("failed", _failed(batch)),
                ("stopped", _short(batch, _stopped(batch))),
                ("partial", _short(batch, _partial(batch))),
                ("completed", _completed(batch)),
                rx.fragment(),
            ),
            rx.cond(running(batch) & BrainstormState.may_act, stop(batch)),
            class_name="status-line",
        ),
        rx.cond(running(batch), _bar(batch), rx.el.div(class_name="bar resting")),
        class_name="status",
        data_testid="status",
        data_phase=batch.phase,
    )


def facts(batch: ObjectVar[BatchView]) -> rx.Component:
    """The brief and where the run comes from."""
    return rx.fragment(
        rx.cond(batch.sources != "", rx.el.p(_task(batch), class_name="task")),
        rx.cond(batch.platform != "", _asked(batch)),
        rx.cond(batch.wishes != "", _wishes(batch.wishes.to(str))),
        rx.cond(
            batch.avoid != "",
            rx.el.p(t(room_texts.AVOIDING, what=batch.avoid), class_name="hint avoiding"),
        ),
        rx.el.p(
            rx.cond(batch.started_by != "", rx.el.span(t(room_texts.STARTED_BY, name=batch.started_by))),
            rx.cond(
                batch.started_at != "",
                rx.el.time(date_time=batch.started_at, data_when=batch.started_at, data_testid="started-at"),
            ),
            rx.cond(
                batch.demo,
                demo_chip(),
                rx.cond(batch.model != "", rx.el.span(batch.model, class_name="model")),
            ),
            class_name="provenance",
        ),
    )


def _asked(batch: ObjectVar[BatchView]) -> rx.Component:
    """The brief in a line; a batch whose rows cannot be read has none."""
    return rx.el.p(
        rx.el.span(named(batch, "platform")),
        DOT,
        rx.el.span(named(batch, "genre")),
        _audience(batch),
        DOT,
        rx.el.span(counted(batch.count, room_texts.BRIEF_COUNT, room_texts.BRIEF_ONE)),
        class_name="brief-line",
        data_testid="brief",
    )


def _wishes(wishes: StringVar) -> rx.Component:
    """What was asked for; a pasted text shows its beginning, and the whole of it on demand."""
    return rx.cond(
        wishes.length() > BEGINNING,
        rx.el.details(
            rx.el.summary(
                rx.el.span(wishes[:BEGINNING] + "…", class_name="beginning"),
                rx.el.span(t(room_texts.WHOLE_TEXT), class_name="whole"),
            ),
            rx.el.p(wishes, tab_index=0),
            class_name="wishes",
            data_testid="long-wishes",
        ),
        rx.el.p(wishes, class_name="wishes"),
    )


def _audience(batch: ObjectVar[BatchView]) -> rx.Component | rx.Var[str]:
    return rx.match(
        batch.audience,
        ("female", rx.fragment(DOT, rx.el.span(t(brief_texts.FEMALE_AUDIENCE)))),
        ("male", rx.fragment(DOT, rx.el.span(t(brief_texts.MALE_AUDIENCE)))),
        rx.fragment(),
    )


def newest_ideas() -> rx.Component:
    """The places of the newest run in their order: those before the growing idea, it, those behind it."""
    batch = BrainstormState.newest
    return rx.el.div(
        rx.foreach(BrainstormState.cards, lambda card: place_card(card, batch)),
        rx.cond(WritingState.number > 0, growing_card()),
        rx.foreach(BrainstormState.later, lambda card: place_card(card, batch)),
        class_name="sheets",
        data_testid="newest-ideas",
    )


def past_batch(batch: ObjectVar[PastBatchView]) -> rx.Component:
    """An earlier run, folded away under one line; `batch` is a Var of PastBatchView."""
    heading = batch.heading.to(ObjectVar, BatchView)
    return rx.el.details(
        rx.el.summary(
            rx.el.span(_task(heading), class_name="past-task"),
            rx.el.span(counted(heading.finished, projects_texts.IDEAS_COUNT, projects_texts.ONE_IDEA)),
            rx.el.span(heading.started_by),
            rx.el.time(date_time=heading.started_at, data_when=heading.started_at),
            rx.cond(heading.seconds.to(int) >= 0, rx.el.span(t(room_texts.SECONDS, seconds=heading.seconds))),
            rx.cond(heading.tokens != "", rx.el.span(t(room_texts.TOKENS, tokens=heading.tokens))),
            rx.cond(heading.cost != "", rx.el.span(heading.cost)),
            class_name="past-heading",
        ),
        rx.el.div(facts(heading), class_name="past-facts"),
        rx.el.div(
            rx.foreach(batch.cards, lambda card: idea_card(card, heading, past=True)),
            class_name="sheets",
        ),
        class_name="past-batch",
        key=heading.transform_id,
        data_testid="past-batch",
    )


def _task(batch: ObjectVar[BatchView]) -> rx.Component | rx.Var[str]:
    """What the run was for: more like one, a merge, or its brief in a line."""
    return rx.match(
        batch.task,
        ("like", t(room_texts.LIKE_TASK, sources=quoted(batch.sources))),
        ("merge", t(room_texts.MERGE_TASK, sources=quoted(batch.sources))),
        named(batch, "platform") + DOT + named(batch, "genre"),
    )


def running(batch: ObjectVar[BatchView]) -> BooleanVar:
    """A Var: whether the run has not ended; `batch` is a Var of BatchView."""
    return rx.Var.create(list(RUNNING)).contains(batch.phase)


def _line(text: Content, *more: Content, testid: str = "status-text") -> rx.Component:
    return rx.el.p(text, *more, data_testid=testid)


def _clock(batch: ObjectVar[BatchView]) -> rx.Component:
    return timer(batch.elapsed, _attempt(batch))


def _attempt(batch: ObjectVar[BatchView]) -> rx.Var[str]:
    return batch.transform_id.to(str) + "-" + batch.attempt.to(str)


def _thinking(batch: ObjectVar[BatchView]) -> rx.Component:
    resuming = t(room_texts.RESUMING, number=batch.resume_at)
    return rx.cond(
        batch.resume_at.to(int) > 0,
        _line(resuming, " ", _clock(batch)),
        _line(t(room_texts.THINKING), " ", _clock(batch)),
    )


def _waiting(batch: ObjectVar[BatchView]) -> rx.Component:
    seconds = batch.wait_seconds.to(int)
    values = {"reason": _reason(batch), "number": batch.wait_number, "of": batch.wait_of}
    waiting = woven(room_texts.WAITING, seconds=seconds_left(seconds), **values)
    return _line(countdown(seconds, waiting, t(room_texts.WAITED, **values), key=_attempt(batch)))


def _reason(batch: ObjectVar[BatchView]) -> rx.Var[str]:
    return by_language(batch.failure_zh, batch.failure_en)


def _failed(batch: ObjectVar[BatchView]) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.cond(~batch.unreadable, rx.el.strong(t(room_texts.FAILED))),
            rx.cond(batch.failure_zh != "", rx.el.p(_reason(batch), data_testid="failure-reason")),
        ),
        rx.cond(BrainstormState.may_act, rx.el.div(remedies(batch), class_name="actions")),
        class_name="failure",
        role="alert",
        data_testid="failure",
    )


def _short(batch: ObjectVar[BatchView], text: Content) -> rx.Component:
    return rx.fragment(
        _line(text),
        rx.cond(
            BrainstormState.may_act,
            rx.el.div(
                remedies(batch),
                another_batch(batch, kind=rx.cond(batch.remedy == "", "primary", "plain").to(str)),
                class_name="actions",
            ),
        ),
    )


def _stopped(batch: ObjectVar[BatchView]) -> rx.Var[str]:
    return rx.cond(
        batch.stopped_by != "",
        t(room_texts.STOPPED_BY, name=batch.stopped_by),
        t(room_texts.STOPPED),
    )


def _partial(batch: ObjectVar[BatchView]) -> rx.Var[str]:
    numbers = {"finished": batch.finished, "count": batch.count, "missing": batch.missing}
    return rx.cond(batch.failure_zh != "", _reason(batch), t(room_texts.PARTIAL, **numbers))


def _completed(batch: ObjectVar[BatchView]) -> rx.Component:
    return rx.fragment(
        rx.el.p(
            rx.el.span(counted(batch.finished, projects_texts.IDEAS_COUNT, projects_texts.ONE_IDEA)),
            rx.cond(
                batch.seconds.to(int) >= 0, rx.el.span(DOT, t(room_texts.SECONDS, seconds=batch.seconds))
            ),
            rx.cond(batch.tokens != "", rx.el.span(DOT, t(room_texts.TOKENS, tokens=batch.tokens))),
            rx.cond(batch.cost != "", rx.el.span(DOT, batch.cost)),
            data_testid="summary",
        ),
        rx.cond(
            BrainstormState.may_act,
            rx.el.div(another_batch(batch), class_name="actions"),
        ),
    )


def _bar(batch: ObjectVar[BatchView]) -> rx.Component:
    return rx.el.div(
        rx.el.div(class_name="bar-fill", style={"transform": f"scaleX({batch.progress.to(int) / 100})"}),
        class_name="bar",
        role="progressbar",
        aria_label=t(room_texts.PROGRESS),
        aria_valuemin="0",
        aria_valuemax="100",
        aria_valuenow=batch.progress,
        data_testid="progress",
    )
