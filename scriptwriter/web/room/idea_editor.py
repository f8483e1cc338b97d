"""The editor of an idea's text, which replaces the idea's card, and the list of the idea's versions."""

import reflex as rx
from reflex.vars import ObjectVar

from scriptwriter.domain.idea_acts import BODY_LIMIT, TITLE_LIMIT
from scriptwriter.texts import room_texts, shared_texts
from scriptwriter.web.kit.browser_vars import UNREACHABLE
from scriptwriter.web.kit.elements import button, draft_note, limited
from scriptwriter.web.kit.wording import t
from scriptwriter.web.room.card_vars import CardView, VersionView
from scriptwriter.web.room.idea_state import IdeasState
from scriptwriter.web.room.room_state import BrainstormState


def editor(others: rx.Component) -> rx.Component:
    """The form for the title and the body of an idea; in a conflict, the other version is above them.

    `others` is a component that names the other people who are editing the idea.
    """
    conflicting = IdeasState.conflict.name != ""
    return rx.el.form(
        draft_note(),
        rx.cond(conflicting, _conflict()),
        rx.el.input(
            type="hidden",
            name="base",
            value=rx.cond(conflicting, IdeasState.conflict.version, IdeasState.base),
            read_only=True,
        ),
        limited(
            rx.el.input,
            TITLE_LIMIT,
            name="title",
            default_value=IdeasState.draft_title,
            aria_label=t(room_texts.TITLE),
            auto_complete="off",
            auto_focus=True,
            class_name="edit-title",
            data_testid="edit-title",
        ),
        limited(
            rx.el.textarea,
            BODY_LIMIT,
            name="body",
            default_value=IdeasState.draft_body,
            aria_label=t(room_texts.BODY),
            rows="9",
            class_name="edit-body",
            data_testid="edit-body",
        ),
        rx.el.p(others, class_name="marks", role="status"),
        rx.el.div(
            button(
                rx.cond(conflicting, t(room_texts.KEEP_MINE), t(shared_texts.SAVE)),
                type="submit",
                disabled=UNREACHABLE,
                data_testid="save-idea",
            ),
            button(
                rx.cond(conflicting, t(room_texts.TAKE_THEIRS), t(shared_texts.CANCEL)),
                kind="plain",
                on_click=IdeasState.close_editor.temporal,
                data_action="cancel",
                data_testid="close-editor",
            ),
            class_name="actions",
        ),
        on_submit=IdeasState.save.temporal,
        class_name="editor",
        data_draft=rx.Var.create("idea:") + IdeasState.editing.to(str),
        data_torn=conflicting,
        data_testid="editor",
    )


def versions(card: ObjectVar[CardView]) -> rx.Component:
    """All versions of an idea, the newest first, each with author, time, and a button that restores it."""
    return rx.el.section(
        rx.el.ol(rx.foreach(card.versions.reverse(), lambda version: _version(version, card))),
        button(
            t(shared_texts.CLOSE),
            kind="quiet",
            on_click=IdeasState.show_versions(card.ref).temporal,
            data_action="cancel",
        ),
        class_name="versions",
        aria_label=t(room_texts.VERSIONS),
        data_testid="versions",
    )


def _conflict() -> rx.Component:
    theirs = IdeasState.conflict
    return rx.el.section(
        rx.el.p(t(room_texts.CONFLICT, name=theirs.name), class_name="conflict-title"),
        rx.el.h4(theirs.title),
        rx.el.p(theirs.body, class_name="body"),
        rx.el.p(t(room_texts.CONFLICT_WHY), class_name="hint"),
        class_name="conflict",
        role="alert",
        data_testid="conflict",
    )


def _version(version: ObjectVar[VersionView], card: ObjectVar[CardView]) -> rx.Component:
    told = rx.match(
        version.kind,
        ("original", t(room_texts.VERSION_ORIGINAL)),
        ("title", t(room_texts.VERSION_TITLE)),
        ("restore", t(room_texts.VERSION_RESTORE, name=version.by)),
        t(room_texts.VERSION_EDIT, name=version.by),
    )
    return rx.el.li(
        rx.el.p(
            rx.el.span(told),
            rx.el.time(date_time=version.at, data_when=version.at, class_name="when"),
            class_name="version-who",
        ),
        rx.el.h4(version.title),
        rx.el.p(version.body, class_name="body"),
        rx.cond(
            version.id == card.version,
            rx.el.span(t(room_texts.STANDS_NOW), class_name="chip"),
            rx.cond(
                BrainstormState.may_act,
                button(
                    t(room_texts.RESTORE_VERSION),
                    kind="plain",
                    disabled=UNREACHABLE,
                    on_click=IdeasState.restore(card.ref, version.id, card.version).temporal,
                    data_testid="restore",
                ),
            ),
        ),
    )
