"""Small components for all pages: buttons, links, notices, countdowns, text fields, menus."""

from collections.abc import Callable
from typing import Any, TypeVar

import reflex as rx
from reflex.event import EventType
from reflex.vars import NumberVar, ObjectVar, StringVar
from reflex_base.event import EventActionsMixin
from reflex_base.vars import VarData
from reflex_components_core.el.elements.base import BaseHTML
from reflex_components_core.react_router.dom import ReactRouterLink

from scriptwriter.texts import shared_texts
from scriptwriter.web.kit.notices import SECONDS_LEFT, Notice
from scriptwriter.web.kit.wording import Content, StringLike, in_language, t

E = TypeVar("E", bound=EventActionsMixin)

EXCESS = "…"
"""The placeholder that assets/limits.js replaces by the number of characters above the limit."""


class PostForm(BaseHTML):
    """A form that the browser submits itself; rx.el.form would turn the submit into an event."""

    tag = "form"

    action: rx.Var[str]
    method: rx.Var[str]
    enc_type: rx.Var[str]


def api_address(path: str | rx.Var[str]) -> StringVar:
    """A Var: the URL of `path` (or a Var of it) on the backend."""
    backend = VarData(
        imports={
            "$/env.json": [rx.ImportVar(tag="env", is_default=True)],
            "$/utils/state": [rx.ImportVar(tag="getBackendURL")],
        }
    )
    # Pages are prerendered without `window`, so the browser completes the URL.
    asked = rx.Var.create(path)
    data = VarData.merge(backend, asked._get_all_var_data())
    return rx.Var(f"new URL({asked!s}, getBackendURL(env.PING)).href", _var_data=data).to(str)


def post_form(path: str, *children: rx.Component, **attributes: Any) -> rx.Component:
    """A form that the browser posts to `path` of the HTTP API."""
    return PostForm.create(*children, action=api_address(path), method="post", **attributes)


def button(
    text: Content, *, kind: str | StringVar = "primary", class_name: str = "", **attributes: Any
) -> rx.Component:
    """A button; `kind` (or a Var of it) is primary, plain or quiet."""
    attributes.setdefault("type", "button")
    return rx.el.button(text, class_name=rx.Var.create(f"button {class_name} ") + kind, **attributes)


def link(*children: Content, href: StringLike, **attributes: Any) -> rx.Component:
    """A link to another page of this app, which the router follows without a reload."""
    return ReactRouterLink.create(*children, to=href, **attributes)


def link_button(text: Content, href: StringLike, *, kind: str = "primary") -> rx.Component:
    """A link that looks like a button."""
    return link(text, href=href, class_name=f"button {kind}")


def demo_chip() -> rx.Component:
    """A label that says that the demo model writes the ideas."""
    return rx.el.span(
        t(shared_texts.DEMO_MODE),
        class_name="chip",
        title=t(shared_texts.DEMO_MODE_WHY),
        data_testid="demo-mode",
    )


def notice(
    content: ObjectVar[Notice], dismiss: EventType[()], action: rx.Component | None = None
) -> rx.Component:
    """A notice at the bottom of the screen, which stays until the person dismisses it.

    `content` is a Var of Notice, `dismiss` the event handler, `action` an optional further button.
    """
    return rx.cond(
        content.zh != "",
        rx.el.div(
            rx.el.p(told(content)),
            rx.fragment() if action is None else action,
            button(t(shared_texts.DISMISS), kind="quiet", on_click=dismiss),
            class_name="notice",
            role="alert",
            data_testid="notice",
        ),
    )


def limited(field: Callable[..., rx.Component], limit: int, **attributes: Any) -> rx.Component:
    """A text `field` (rx.el.input or rx.el.textarea) for up to `limit` characters.

    Longer text is not cut: assets/limits.js shows by how much it is too long, and stops the form from being
    submitted.
    """
    over = t(shared_texts.OVER_LIMIT, limit=f"{limit:,}", over=EXCESS)
    return rx.el.div(
        field(data_limit=limit, **attributes),
        rx.el.p(class_name="count", hidden=True, aria_live="polite", data_over=over, data_marker=EXCESS),
        class_name="counted",
    )


def draft_note() -> rx.Component:
    """The hidden mark field of a form with `data_draft`, and the sentence that a draft was restored.

    assets/drafts.js stores the values of the form, sets the mark, and shows the sentence.
    """
    return rx.fragment(
        rx.el.input(type="hidden", name="draft_mark"),
        rx.el.p(
            t(shared_texts.DRAFT_RESTORED),
            button(
                t(shared_texts.DISCARD_CHANGES),
                kind="quiet",
                data_discard=True,
                data_testid="discard-draft",
            ),
            class_name="draft-note",
            hidden=True,
            role="status",
            data_testid="draft-note",
        ),
    )


def menu(label: StringLike, *items: rx.Component, **attributes: Any) -> rx.Component:
    """A menu of buttons; `label` names it for screen readers. assets/screen.js closes it."""
    return rx.el.details(
        rx.el.summary(icon("more"), class_name="switch", aria_label=label, title=label),
        rx.el.div(*items, class_name="menu-items"),
        class_name="menu",
        **attributes,
    )


def once(event: E) -> E:
    """`event`, at most once a second, and not while the page is disconnected.

    The second event of a double click would only get the error that a run is already active.
    """
    return event.throttle(1000).temporal


def icon(name: str) -> rx.Component:
    """An icon, hidden from screen readers; `name` is theme, more or sign-out."""
    return rx.el.span(class_name=f"icon icon-{name}", aria_hidden="true")


def told(content: ObjectVar[Notice]) -> rx.Component:
    """The sentence of a Notice (a Var), with a countdown if it asks to wait, and a sentence at its end."""
    seconds = content.seconds.to(int)
    around = in_language(content).to(str).split(SECONDS_LEFT)
    sentence = rx.fragment(around[0], seconds_left(seconds), around[1])
    return rx.cond(
        seconds > 0,
        countdown(seconds, sentence, t(shared_texts.WAIT_OVER), key=content.until),
        in_language(content),
    )


def countdown(seconds: NumberVar[int], waiting: Content, over: Content, *, key: StringLike) -> rx.Component:
    """`waiting`, whose `seconds_left` count down in the browser, and `over` when they reach 0."""
    return rx.el.span(
        rx.el.span(waiting, hidden=seconds <= 0),
        rx.el.span(over, hidden=seconds > 0),
        class_name="countdown",
        data_left=seconds,
        key=key,
    )


def seconds_left(seconds: NumberVar[int]) -> rx.Component:
    """The number that a `countdown` counts. Screen readers do not announce each change."""
    return rx.el.span(seconds, class_name="left", role="timer", aria_live="off")


def timer(elapsed: rx.Var[int], key: StringLike) -> rx.Component:
    """A clock that counts up in the browser from `elapsed` seconds. A new `key` restarts it."""
    return rx.el.time(class_name="timer", data_elapsed=elapsed, key=key, role="timer", aria_live="off")


def empty(title: Content, text: Content, *actions: rx.Component) -> rx.Component:
    """A placeholder for an empty page or list: title, text and actions."""
    return rx.el.section(
        rx.el.div(class_name="empty-sheet", aria_hidden="true"),
        rx.el.h2(title),
        rx.el.p(text),
        *actions,
        class_name="empty",
    )
