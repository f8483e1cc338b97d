"""Owns the screen of a project: the brief, the ideas as they are written, the keepers."""

from dataclasses import replace

import reflex as rx

from scriptwriter.settings import settings
from scriptwriter.texts import error_texts, room_texts, shared_texts
from scriptwriter.web.brief.brief_form import BriefForm, brief_form
from scriptwriter.web.kit.elements import button, notice, once, undo_notice
from scriptwriter.web.kit.layout import UNREACHABLE, page
from scriptwriter.web.kit.open_project import managing_notice, opened, project_title, project_tools
from scriptwriter.web.kit.project_state import ProjectState
from scriptwriter.web.kit.wording import in_language, t
from scriptwriter.web.room.batches import facts, newest_ideas, past_batch, running, status
from scriptwriter.web.room.export_dialog import export_button, export_dialog
from scriptwriter.web.room.idea_state import IdeasState
from scriptwriter.web.room.origin_dialog import keys, origin
from scriptwriter.web.room.origin_state import OriginState
from scriptwriter.web.room.room_state import BrainstormState
from scriptwriter.web.room.run_handlers import Deeds, IdeaDeeds
from scriptwriter.web.room.sidebar import keepers, present
from scriptwriter.web.room.writing_state import WritingState

DEEDS = Deeds(
    retry=BrainstormState.retry,
    retry_one=BrainstormState.retry_one,
    skip=BrainstormState.skip,
    rephrase=BrainstormState.rephrase,
    stop=BrainstormState.stop,
    start_again=BrainstormState.start_again,
    open_brief=BrainstormState.open_brief,
    stopping=BrainstormState.stopping,
    may_act=BrainstormState.may_act,
    unreachable=UNREACHABLE,
    ideas=IdeaDeeds(
        pick=IdeasState.pick,
        give_reason=IdeasState.give_reason,
        give_own_reason=IdeasState.give_own_reason,
        close_reason=IdeasState.close_reason,
        edit=IdeasState.edit,
        save=IdeasState.save,
        close_editor=IdeasState.close_editor,
        show_versions=IdeasState.show_versions,
        restore=IdeasState.restore,
        like=IdeasState.like,
        retitle=IdeasState.retitle,
        select=IdeasState.select,
        trace=OriginState.trace,
        editing=IdeasState.editing,
        base=IdeasState.base,
        draft_title=IdeasState.draft_title,
        draft_body=IdeasState.draft_body,
        conflict=IdeasState.conflict,
        reasoning=IdeasState.reasoning,
        history=IdeasState.history,
        selected=IdeasState.selected,
    ),
)

FIRST_BRIEF = BriefForm(
    submit=BrainstormState.start,
    messages=BrainstormState.messages,
    busy=BrainstormState.starting,
    submit_text=room_texts.START,
    busy_text=room_texts.STARTING,
    unreachable=UNREACHABLE,
    models=settings().model_options,
    currency=settings().price_currency,
)
CHANGED_BRIEF = replace(
    FIRST_BRIEF, initial=BrainstormState.newest, hidden={"seen": BrainstormState.newest.transform_id}
)


def brainstorm() -> rx.Component:
    """Everything that happens in a project, live."""
    return page(
        opened(BrainstormState.access, BrainstormState.notice, _project()),
        origin(OriginState.told, OriginState.put_away, shown=OriginState.shown),
        keys(),
        export_dialog(ProjectState.id),
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
        # There before anything is said in it: else it would be said to nobody.
        rx.el.div(
            rx.cond(
                BrainstormState.access == "open",
                rx.fragment(
                    undo_notice(IdeasState.undo_offer, IdeasState.undo, IdeasState.dismiss),
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
            present(BrainstormState.present),
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
            brief_form(FIRST_BRIEF),
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
            status(BrainstormState.newest, DEEDS),
            newest_ideas(
                BrainstormState.cards, WritingState, BrainstormState.later, BrainstormState.newest, DEEDS
            ),
            _past(),
            class_name="middle",
        ),
        rx.el.aside(
            keepers(BrainstormState.keepers, IdeasState.move, BrainstormState.may_act),
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
        brief_form(CHANGED_BRIEF),
        class_name="form-sheet changed-brief",
        data_testid="changed-brief",
    )


def _past() -> rx.Component:
    return rx.cond(
        BrainstormState.past.length() > 0,
        rx.el.div(
            rx.el.h2(t(room_texts.EARLIER_IDEAS)),
            rx.foreach(BrainstormState.past, lambda batch: past_batch(batch, DEEDS)),
            class_name="past",
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
