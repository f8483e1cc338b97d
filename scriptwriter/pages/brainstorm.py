"""Owns the screen of a project: the brief, the ideas as they are written, the keepers."""

from typing import Any

import reflex as rx

from scriptwriter.components.batches import facts, newest_ideas, past_batch, status
from scriptwriter.components.deeds import Deeds
from scriptwriter.components.elements import empty, in_language, link_button, notice
from scriptwriter.components.forms import brief_form
from scriptwriter.components.remedies import raw_reply
from scriptwriter.components.wording import t
from scriptwriter.pages.layout import LANGUAGE, UNREACHABLE, page
from scriptwriter.state.brainstorm import BrainstormState
from scriptwriter.state.reply import ReplyState
from scriptwriter.state.writing import WritingState
from scriptwriter.texts import (
    ACCESS_REMOVED_WHY,
    BACK_TO_PROJECTS,
    BRAINSTORM,
    BULB,
    EARLIER_IDEAS,
    ERRORS,
    KEEPERS,
    LOADING,
    NO_ACCESS,
    NO_KEEPERS,
    RESYNCING,
    START,
    START_HINT,
    STARTING,
)

DEEDS = Deeds(
    choose=BrainstormState.choose,
    retry=BrainstormState.retry,
    retry_one=BrainstormState.retry_one,
    skip=BrainstormState.skip,
    rephrase=BrainstormState.rephrase,
    read_reply=BrainstormState.read_reply,
    stop=BrainstormState.stop,
    start_again=BrainstormState.start_again,
    stopping=BrainstormState.stopping,
    may_act=BrainstormState.may_act,
    unreachable=UNREACHABLE,
)


def brainstorm() -> rx.Component:
    """Everything that happens in a project, live."""
    reason = in_language(BrainstormState.notice, LANGUAGE)
    return page(
        rx.fragment(
            rx.match(
                BrainstormState.access,
                ("open", _project()),
                ("denied", _denied(t(NO_ACCESS, LANGUAGE), reason)),
                ("removed", _denied(reason, t(ACCESS_REMOVED_WHY, LANGUAGE))),
                rx.el.p(t(LOADING, LANGUAGE), class_name="loading", role="status"),
            )
        ),
        raw_reply(ReplyState.text, LANGUAGE, ReplyState.put_away, shown=ReplyState.shown),
        rx.el.p(
            in_language(BrainstormState.announcement, LANGUAGE),
            class_name="unseen",
            aria_live="polite",
            data_testid="announcement",
        ),
        rx.cond(
            BrainstormState.access == "open",
            notice(BrainstormState.notice, LANGUAGE, BrainstormState.dismiss),
        ),
        name="brainstorm",
    )


def _project() -> rx.Component:
    return rx.fragment(
        rx.el.header(
            rx.el.h1(rx.el.span(BULB, class_name="bulb"), " ", t(BRAINSTORM, LANGUAGE)),
            rx.el.p(BrainstormState.project_name, class_name="project-title"),
            rx.cond(
                BrainstormState.resyncing,
                rx.el.p(t(RESYNCING, LANGUAGE), class_name="resyncing", role="status"),
            ),
            class_name="page-heading",
        ),
        rx.cond(BrainstormState.newest.phase == "idle", _idle(), _room()),
    )


def _idle() -> rx.Component:
    return rx.el.section(
        rx.cond(BrainstormState.may_act, rx.el.p(t(START_HINT, LANGUAGE), class_name="lead")),
        rx.cond(
            BrainstormState.may_act,
            brief_form(
                BrainstormState.start,
                BrainstormState.messages,
                BrainstormState.starting,
                LANGUAGE,
                START,
                STARTING,
                unreachable=UNREACHABLE,
            ),
            rx.el.p(t(ERRORS["not_allowed"], LANGUAGE), class_name="hint"),
        ),
        class_name="form-sheet",
        data_testid="idle",
    )


def _room() -> rx.Component:
    return rx.el.div(
        rx.el.aside(facts(BrainstormState.newest, LANGUAGE), class_name="brief"),
        rx.el.div(
            status(BrainstormState.newest, LANGUAGE, DEEDS),
            newest_ideas(
                BrainstormState.cards,
                WritingState,
                BrainstormState.later,
                BrainstormState.newest,
                LANGUAGE,
                DEEDS,
            ),
            _past(),
            class_name="middle",
        ),
        rx.el.aside(
            rx.el.h2(t(KEEPERS, LANGUAGE)),
            rx.cond(
                BrainstormState.keepers.length() > 0,
                rx.el.ol(rx.foreach(BrainstormState.keepers, _keeper)),
                rx.el.p(t(NO_KEEPERS, LANGUAGE), class_name="hint"),
            ),
            class_name="keepers",
            data_testid="keepers",
        ),
        class_name="room",
    )


def _past() -> rx.Component:
    return rx.cond(
        BrainstormState.past.length() > 0,
        rx.el.div(
            rx.el.h2(t(EARLIER_IDEAS, LANGUAGE)),
            rx.foreach(BrainstormState.past, lambda batch: past_batch(batch, LANGUAGE, DEEDS)),
            class_name="past",
        ),
    )


def _keeper(keeper: Any) -> rx.Component:
    return rx.el.li(rx.el.a(keeper.title, href=f"#{keeper.anchor}"))


def _denied(title: Any, why: Any) -> rx.Component:
    return rx.el.div(
        empty(title, why, link_button(t(BACK_TO_PROJECTS, LANGUAGE), "/projects")),
        role="alert",
        data_testid="denied",
    )
