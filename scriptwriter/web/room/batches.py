"""A run on the screen: its status with the buttons, its progress, its brief and its ideas."""

import reflex as rx
from reflex.vars import BooleanVar, ObjectVar, StringVar
from reflex_base.event import EventActionsMixin

from scriptwriter.texts import Text, brief_texts, projects_texts, room_texts
from scriptwriter.web.kit.browser_vars import UNREACHABLE
from scriptwriter.web.kit.elements import button, countdown, demo_chip, once, seconds_left, timer
from scriptwriter.web.kit.wording import Content, by_language, counted, named, quoted, t, woven
from scriptwriter.web.room.card_vars import RUNNING, BatchView, PastBatchView
from scriptwriter.web.room.idea_cards import growing_card, idea_card, place_card
from scriptwriter.web.room.origin_state import OriginState
from scriptwriter.web.room.room_state import BrainstormState, WritingState

DOT = " · "
BEGINNING = 160
"""Characters of the wishes that are shown before the rest of the text is collapsed."""


def status(batch: ObjectVar[BatchView]) -> rx.Component:
    """The status of the newest run, and the buttons of the next step; `batch` is a Var of BatchView."""
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
            rx.cond(running(batch) & BrainstormState.may_act, _stop(batch)),
            class_name="status-line",
        ),
        rx.cond(running(batch), _bar(batch), rx.el.div(class_name="bar resting")),
        class_name="status",
        data_testid="status",
        data_phase=batch.phase,
    )


def facts(batch: ObjectVar[BatchView]) -> rx.Component:
    """The brief of a run, its model, and who started it when; `batch` is a Var of BatchView."""
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
    """The brief in one line."""
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
    """The wishes of the brief; of a long text the beginning, which opens into the whole text."""
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
    """The cards of the newest run in order, with the idea that the model is writing among them."""
    batch = BrainstormState.newest
    return rx.el.div(
        rx.foreach(BrainstormState.cards, lambda card: place_card(card, batch)),
        rx.cond(WritingState.number > 0, growing_card()),
        rx.foreach(BrainstormState.later, lambda card: place_card(card, batch)),
        class_name="sheets",
        data_testid="newest-ideas",
    )


def past_batch(batch: ObjectVar[PastBatchView]) -> rx.Component:
    """An earlier run, collapsed into one line; `batch` is a Var of PastBatchView."""
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
    """The task of the run: ideas like another one, a merge, or the brief in one line."""
    return rx.match(
        batch.task,
        ("like", t(room_texts.LIKE_TASK, sources=quoted(batch.sources))),
        ("merge", t(room_texts.MERGE_TASK, sources=quoted(batch.sources))),
        named(batch, "platform") + DOT + named(batch, "genre"),
    )


def running(batch: ObjectVar[BatchView]) -> BooleanVar:
    """A Var: whether the run is active; `batch` is a Var of BatchView."""
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
        rx.cond(BrainstormState.may_act, rx.el.div(_next_steps(batch), class_name="actions")),
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
                _next_steps(batch),
                _another_batch(batch, kind=rx.cond(batch.next_step == "", "primary", "plain").to(str)),
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
            rx.el.div(_another_batch(batch), class_name="actions"),
        ),
    )


def _stop(batch: ObjectVar[BatchView]) -> rx.Component:
    """The button that stops an active run."""
    return rx.el.div(
        button(
            rx.cond(BrainstormState.stopping, t(room_texts.STOPPING), t(room_texts.STOP)),
            kind="plain",
            disabled=BrainstormState.stopping | UNREACHABLE,
            on_click=once(BrainstormState.stop(batch.transform_id)),
            data_testid="stop",
        ),
        class_name="actions",
    )


def _next_steps(batch: ObjectVar[BatchView]) -> rx.Component:
    """The buttons of the next step after a run that ended with ideas missing."""
    run = (batch.transform_id, batch.attempt)

    def action(
        text: Text, event: EventActionsMixin, testid: str = "retry", kind: str = "primary"
    ) -> rx.Component:
        return _button(text, event, testid, kind)

    return rx.fragment(
        rx.match(
            batch.next_step,
            ("retry", action(room_texts.RETRY, BrainstormState.retry(*run))),
            ("fill_in", action(room_texts.FILL_IN, BrainstormState.retry(*run))),
            ("go_on", action(room_texts.GO_ON, BrainstormState.retry(*run))),
            (
                "rephrase",
                rx.fragment(
                    action(room_texts.REPHRASE, BrainstormState.rephrase(*run)),
                    rx.cond(
                        batch.filtered_idea.to(int) > 0,
                        action(
                            room_texts.SKIP, BrainstormState.skip(*run, batch.filtered_idea), "skip", "plain"
                        ),
                    ),
                ),
            ),
            (
                "reread",
                rx.fragment(
                    action(room_texts.RETRY, BrainstormState.retry(*run)),
                    action(
                        room_texts.SHOW_RAW_REPLY,
                        OriginState.trace(batch.transform_id),
                        "show-reply",
                        "plain",
                    ),
                ),
            ),
            (
                "rebrief",
                rx.fragment(
                    action(room_texts.EDIT_BRIEF, BrainstormState.open_brief, "rebrief"),
                    action(room_texts.RETRY, BrainstormState.retry(*run), "retry", "plain"),
                ),
            ),
            ("another_batch", _another_batch(batch)),
            rx.fragment(),
        )
    )


def _another_batch(batch: ObjectVar[BatchView], *, kind: str | StringVar = "primary") -> rx.Component:
    """The button that starts another run for the same brief."""
    return _button(
        room_texts.ANOTHER_BATCH, BrainstormState.start_again(batch.transform_id), "another-batch", kind
    )


def _button(text: Text, event: EventActionsMixin, testid: str, kind: str | StringVar) -> rx.Component:
    return button(t(text), kind=kind, disabled=UNREACHABLE, on_click=once(event), data_testid=testid)


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
