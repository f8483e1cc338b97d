"""Small components of every page: buttons, links, notices, countdowns, text fields, menus."""

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
from scriptwriter.web.kit.notices import LEFT, Notice
from scriptwriter.web.kit.wording import Content, StringLike, in_language, t

E = TypeVar("E", bound=EventActionsMixin)

OVER = "…"
"""Where the script writes by how many characters a text is too long."""


class PostForm(BaseHTML):
    """A form that the browser itself posts: Reflex's own form would turn it into an event."""

    tag = "form"

    action: rx.Var[str]
    method: rx.Var[str]
    enc_type: rx.Var[str]


def api_address(path: str | rx.Var[str]) -> StringVar:
    """The address of `path` (or a Var of it) of the HTTP API, wherever the backend listens."""
    backend = VarData(
        imports={
            "$/env.json": [rx.ImportVar(tag="env", is_default=True)],
            "$/utils/state": [rx.ImportVar(tag="getBackendURL")],
        }
    )
    # The page is prerendered without a window: the address is completed in the browser.
    asked = rx.Var.create(path)
    data = VarData.merge(backend, asked._get_all_var_data())
    return rx.Var(f"new URL({asked!s}, getBackendURL(env.PING)).href", _var_data=data).to(str)


def post_form(path: str, *children: rx.Component, **attributes: Any) -> rx.Component:
    """A form that posts to `path` of the HTTP API."""
    return PostForm.create(*children, action=api_address(path), method="post", **attributes)


def button(
    text: Content, *, kind: str | StringVar = "primary", class_name: str = "", **attributes: Any
) -> rx.Component:
    """A button; `kind` (or a Var of it) is primary, plain or quiet."""
    attributes.setdefault("type", "button")
    return rx.el.button(text, class_name=rx.Var.create(f"button {class_name} ") + kind, **attributes)


def link(*children: Content, href: StringLike, **attributes: Any) -> rx.Component:
    """A link to another page of this app, followed without loading it anew."""
    return ReactRouterLink.create(*children, to=href, **attributes)


def link_button(text: Content, href: StringLike, *, kind: str = "primary") -> rx.Component:
    """A link that looks like a button."""
    return link(text, href=href, class_name=f"button {kind}")


def demo_chip() -> rx.Component:
    """Says that the demo model writes here."""
    return rx.el.span(
        t(shared_texts.DEMO_MODE),
        class_name="chip",
        title=t(shared_texts.DEMO_MODE_WHY),
        data_testid="demo-mode",
    )


def notice(
    content: ObjectVar[Notice], dismiss: EventType[()], action: rx.Component | None = None
) -> rx.Component:
    """A sentence that waits at the foot of the screen until the person has read it.

    `action` is the button of what can be done about it, if there is anything.
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

    What is typed or pasted beyond that stays in it: assets/limits.js counts, says how much is too much, and
    lets no form be sent before it is shorter.
    """
    over = t(shared_texts.OVER_LIMIT, limit=f"{limit:,}", over=OVER)
    return rx.el.div(
        field(data_limit=limit, **attributes),
        rx.el.p(class_name="count", hidden=True, aria_live="polite", data_over=over, data_marker=OVER),
        class_name="counted",
    )


def draft_note() -> rx.Component:
    """What a form with `data_draft` holds beside its fields: its mark, and a sentence when words came back.

    assets/drafts.js keeps what is typed into the form, fills both, and shows the sentence.
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
    """A few more buttons, behind one; `label` says whose they are. The page's script closes it."""
    return rx.el.details(
        rx.el.summary(icon("more"), class_name="switch", aria_label=label, title=label),
        rx.el.div(*items, class_name="menu-items"),
        class_name="menu",
        **attributes,
    )


def once(event: E) -> E:
    """`event` without the second one of a double click, and without what is pressed while there is no line.

    The second one would only be told that the first has started a run already.
    """
    return event.throttle(1000).temporal


def icon(name: str) -> rx.Component:
    """A drawn sign, for the eye only; `name` is theme, more or sign-out."""
    return rx.el.span(class_name=f"icon icon-{name}", aria_hidden="true")


def told(content: ObjectVar[Notice]) -> rx.Component:
    """The sentence of a Notice (a Var); where it says to wait, it counts down, and says when that is over."""
    seconds = content.seconds.to(int)
    around = in_language(content).to(str).split(LEFT)
    sentence = rx.fragment(around[0], seconds_left(seconds), around[1])
    return rx.cond(
        seconds > 0,
        countdown(seconds, sentence, t(shared_texts.WAIT_OVER), key=content.until),
        in_language(content),
    )


def countdown(seconds: NumberVar[int], waiting: Content, over: Content, *, key: StringLike) -> rx.Component:
    """`waiting`, in which `seconds_left` goes down in the browser; when none is left, `over`."""
    return rx.el.span(
        rx.el.span(waiting, hidden=seconds <= 0),
        rx.el.span(over, hidden=seconds > 0),
        class_name="countdown",
        data_left=seconds,
        key=key,
    )


def seconds_left(seconds: NumberVar[int]) -> rx.Component:
    """The number that a `countdown` counts; who listens is not told each of them."""
    return rx.el.span(seconds, class_name="left", role="timer", aria_live="off")


def timer(elapsed: rx.Var[int], key: StringLike) -> rx.Component:
    """Minutes and seconds that go on counting in the browser from `elapsed`; a new `key` starts it anew."""
    return rx.el.time(class_name="timer", data_elapsed=elapsed, key=key, role="timer", aria_live="off")


def empty(title: Content, text: Content, *actions: rx.Component) -> rx.Component:
    """What stands where there is nothing yet."""
    return rx.el.section(
        rx.el.div(class_name="empty-sheet", aria_hidden="true"),
        rx.el.h2(title),
        rx.el.p(text),
        *actions,
        class_name="empty",
    )
