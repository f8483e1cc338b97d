"""The brainstorm page of a project: the brief, the ideas as they are written, the keepers."""

from typing import Any

import reflex as rx

from scriptwriter.texts import error_texts, room_texts, shared_texts
from scriptwriter.web.brief.brief_form import brief_form
from scriptwriter.web.kit.browser_vars import UNREACHABLE
from scriptwriter.web.kit.elements import button, notice, once
from scriptwriter.web.kit.frame import page
from scriptwriter.web.kit.project_access import opened
from scriptwriter.web.kit.wording import in_language, t
from scriptwriter.web.room.batches import facts, newest_ideas, past_batch, running, status
from scriptwriter.web.room.export_dialog import export_button, export_dialog
from scriptwriter.web.room.idea_state import IdeasState
from scriptwriter.web.room.origin_dialog import keys, origin
from scriptwriter.web.room.origin_state import OriginState
from scriptwriter.web.room.project_header import managing_notice, project_title, project_tools
from scriptwriter.web.room.room_state import BrainstormState
from scriptwriter.web.room.sidebar import keepers, present


def brainstorm() -> rx.Component:
    """The brainstorm page of a project, which follows the project live."""
    return page(
        opened(BrainstormState.access, BrainstormState.notice, _project()),
        origin(),
        keys(),
        export_dialog(),
        rx.el.p(
            in_language(BrainstormState.announcement),
            class_name="unseen",
            aria_live="polite",
            data_testid="announcement",
        ),
        rx.cond(
            BrainstormState.access == "open",
            rx.fragment(
                notice(BrainstormState.notice, BrainstormState.dismiss),
                notice(IdeasState.notice, IdeasState.dismiss),
                notice(OriginState.notice, OriginState.dismiss),
                managing_notice(),
            ),
        ),
        # A live region must be in the page before its content changes, or screen readers skip it.
        rx.el.div(
            rx.cond(
                BrainstormState.access == "open",
                rx.fragment(
                    _undo_notice(),
                    _merging(),
                ),
            ),
            aria_live="polite",
        ),
        name="brainstorm",
    )


def _project() -> rx.Component:
    return rx.fragment(
        rx.el.header(
            rx.el.h1(rx.el.span(room_texts.BULB, class_name="bulb"), " ", t(room_texts.BRAINSTORM)),
            project_title(),
            present(),
            rx.cond(
                BrainstormState.resyncing,
                rx.el.p(t(shared_texts.RESYNCING), class_name="resyncing", role="status"),
            ),
            project_tools(rx.cond(BrainstormState.newest.phase != "idle", export_button())),
            class_name="page-heading",
        ),
        rx.cond(BrainstormState.newest.phase == "idle", _idle(), _room()),
    )


def _idle() -> rx.Component:
    return rx.el.section(
        rx.cond(BrainstormState.may_act, rx.el.p(t(room_texts.START_HINT), class_name="lead")),
        rx.cond(
            BrainstormState.may_act,
            _brief_form(),
            rx.el.p(t(error_texts.ERRORS["not_allowed"]), class_name="hint"),
        ),
        class_name="form-sheet",
        data_testid="idle",
    )


def _room() -> rx.Component:
    return rx.el.div(
        rx.el.aside(
            facts(BrainstormState.newest),
            rx.cond(
                BrainstormState.may_act & ~running(BrainstormState.newest),
                button(
                    t(room_texts.EDIT_BRIEF),
                    kind="quiet",
                    on_click=BrainstormState.open_brief,
                    data_testid="edit-brief",
                ),
            ),
            class_name="brief",
        ),
        rx.el.div(
            rx.cond(BrainstormState.brief_open & BrainstormState.may_act, _changed_brief()),
            status(BrainstormState.newest),
            newest_ideas(),
            _past(),
            class_name="middle",
        ),
        rx.el.aside(
            keepers(),
            class_name="keepers",
            data_testid="keepers",
        ),
        class_name="room",
    )


def _changed_brief() -> rx.Component:
    return rx.el.section(
        rx.el.header(
            rx.el.h2(t(room_texts.EDIT_BRIEF)),
            button(t(shared_texts.CLOSE), kind="quiet", on_click=BrainstormState.close_brief),
        ),
        _brief_form(initial=BrainstormState.newest, hidden={"seen": BrainstormState.newest.transform_id}),
        class_name="form-sheet changed-brief",
        data_testid="changed-brief",
    )


def _brief_form(**values: Any) -> rx.Component:
    return brief_form(
        submit=BrainstormState.start,
        messages=BrainstormState.messages,
        busy=BrainstormState.starting,
        submit_text=room_texts.START,
        busy_text=room_texts.STARTING,
        **values,
    )


def _past() -> rx.Component:
    return rx.cond(
        BrainstormState.past.length() > 0,
        rx.el.div(
            rx.el.h2(t(room_texts.EARLIER_IDEAS)),
            rx.foreach(BrainstormState.past, past_batch),
            class_name="past",
        ),
    )


def _undo_notice() -> rx.Component:
    """The last action, with a button that undoes it.

    The next action, or assets/room.js after a while, removes it.
    """
    content = IdeasState.undo_offer
    return rx.cond(
        content.zh != "",
        rx.el.div(
            rx.el.p(in_language(content)),
            rx.el.div(
                button(
                    t(shared_texts.UNDO), kind="plain", on_click=IdeasState.undo.temporal, data_testid="undo"
                ),
                button(t(shared_texts.DISMISS), kind="quiet", on_click=IdeasState.dismiss),
                class_name="actions",
            ),
            class_name="notice undo",
            data_testid="undo-notice",
        ),
    )


def _merging() -> rx.Component:
    chosen = IdeasState.selected.length()
    return rx.cond(
        chosen > 0,
        rx.el.div(
            rx.cond(
                chosen > 1,
                button(
                    t(room_texts.MERGE_SELECTED, count=chosen),
                    disabled=UNREACHABLE,
                    on_click=once(IdeasState.merge),
                    data_testid="merge",
                ),
                rx.el.p(t(room_texts.MERGE_ANOTHER, count=chosen)),
            ),
            button(t(shared_texts.CANCEL), kind="quiet", on_click=IdeasState.select_none),
            class_name="notice merging",
            data_testid="merging",
        ),
    )
