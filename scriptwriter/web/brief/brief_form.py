"""The form of a brief: fields with error messages, and example briefs."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

import reflex as rx
from reflex.event import EventCallback, EventSpec
from reflex.vars import BooleanVar, ObjectVar

from scriptwriter.domain import pricing, taxonomy
from scriptwriter.domain.kinds.brief import AVOID as AVOID_LIMIT
from scriptwriter.domain.kinds.brief import GENRE as GENRE_LIMIT
from scriptwriter.domain.kinds.brief import PLATFORM as PLATFORM_LIMIT
from scriptwriter.domain.kinds.brief import WISHES as WISHES_LIMIT
from scriptwriter.settings import ModelOption, settings
from scriptwriter.texts import Text, brief_texts
from scriptwriter.web.brief.brief_reading import BriefMessages
from scriptwriter.web.brief.pickers import Picker, opener, picker_dialog, single
from scriptwriter.web.kit.browser_vars import UNREACHABLE
from scriptwriter.web.kit.elements import button, draft_note, limited
from scriptwriter.web.kit.notices import Notice
from scriptwriter.web.kit.wording import Number, StringLike, in_language, named, t, woven
from scriptwriter.web.room.card_vars import BatchView

PLATFORMS = single("platform", brief_texts.PICK_PLATFORM, taxonomy.platforms())
GENRES = Picker("genre", brief_texts.PICK_GENRES, taxonomy.genres(), taxonomy.MOST_GENRES)
PICKED_LIMITS = {"platform": PLATFORM_LIMIT, "genre": GENRE_LIMIT}
FIRST = BatchView(
    platform=brief_texts.INITIAL_PLATFORM.zh,
    platform_en=brief_texts.INITIAL_PLATFORM.en,
    genre=brief_texts.INITIAL_GENRE.zh,
    genre_en=brief_texts.INITIAL_GENRE.en,
)
"""The initial values of the form of a new project."""

InitialBrief = BatchView | ObjectVar[BatchView]
"""The initial values of a form."""

AUDIENCES = (
    ("", brief_texts.ANY_AUDIENCE),
    ("female", brief_texts.FEMALE_AUDIENCE),
    ("male", brief_texts.MALE_AUDIENCE),
)


def brief_form(
    *,
    submit: EventCallback[dict[str, Any]] | EventSpec,
    messages: ObjectVar[BriefMessages],
    busy: BooleanVar,
    submit_text: Text,
    busy_text: Text,
    initial: InitialBrief = FIRST,
    hidden: Mapping[str, StringLike] = MappingProxyType({}),
    models: Sequence[ModelOption] | None = None,
    currency: str | None = None,
) -> rx.Component:
    """The form of a brief, with its submit button and its pickers.

    `submit` is the event handler. It gets {"platform", "genre", "other_requirements", "audience", "avoid",
    "count", "model"} and the values in `hidden` (Vars by field name). `messages` is a Var of BriefMessages.
    `busy` is a Var: whether the form was sent; the button then shows `busy_text`. `models` and `currency` are
    taken from the settings by default. The expected cost of a run is shown if its model has a price.
    """
    models = settings().model_options if models is None else models
    currency = settings().price_currency if currency is None else currency
    return rx.fragment(
        rx.el.form(
            draft_note(),
            _picked(PLATFORMS, brief_texts.PLATFORM, brief_texts.PLATFORM_EXAMPLE, initial, messages),
            _picked(GENRES, brief_texts.GENRE, brief_texts.GENRE_EXAMPLE, initial, messages),
            rx.el.div(
                _audience(initial.audience),
                _count(initial.count, messages.count),
                class_name="field-row",
            ),
            _field(
                "other_requirements",
                brief_texts.OTHER_REQUIREMENTS,
                messages.other_requirements,
                lambda shared: limited(
                    rx.el.textarea,
                    WISHES_LIMIT,
                    default_value=initial.wishes,
                    rows="4",
                    placeholder=t(brief_texts.OTHER_REQUIREMENTS_EXAMPLE),
                    **shared,
                ),
                optional=True,
            ),
            _field(
                "avoid",
                brief_texts.AVOID,
                messages.avoid,
                lambda shared: limited(
                    rx.el.input,
                    AVOID_LIMIT,
                    default_value=initial.avoid,
                    placeholder=t(brief_texts.AVOID_EXAMPLE),
                    auto_complete="off",
                    **shared,
                ),
                optional=True,
            ),
            _model(models, initial.chosen_model, messages.model),
            button(
                rx.cond(busy, t(busy_text), t(submit_text)),
                type="submit",
                disabled=busy | UNREACHABLE,
                aria_busy=rx.cond(busy, "true", "false"),
                class_name="submit",
                data_testid="submit-brief",
            ),
            _estimate(models, currency),
            *(
                rx.el.input(type="hidden", name=name, value=value, read_only=True)
                for name, value in hidden.items()
            ),
            on_submit=submit.temporal,
            no_validate=True,
            class_name="brief-form",
            data_draft="brief",
            aria_label=t(submit_text),
            key=initial.transform_id,
        ),
        picker_dialog(PLATFORMS),
        picker_dialog(GENRES),
    )


def examples() -> rx.Component:
    """Buttons with example briefs, which fill the form without sending it."""
    return rx.el.div(
        rx.el.p(t(brief_texts.TRY_AN_EXAMPLE), class_name="hint"),
        *(
            rx.el.button(
                t(name),
                type="button",
                class_name="button plain example",
                data_fill=t(Text(*(json.dumps(each, ensure_ascii=False) for each in (chinese, english)))),
            )
            for name, chinese, english in brief_texts.EXAMPLES
        ),
        class_name="examples",
        data_testid="examples",
    )


def _picked(
    picker: Picker, label: Text, example: Text, initial: InitialBrief, messages: ObjectVar[BriefMessages]
) -> rx.Component:
    return _field(
        picker.field,
        label,
        getattr(messages, picker.field),
        lambda shared: rx.el.div(
            limited(
                rx.el.input,
                PICKED_LIMITS[picker.field],
                default_value=named(initial, picker.field),
                placeholder=t(example),
                auto_complete="off",
                **shared,
            ),
            opener(picker),
            class_name="picked",
        ),
    )


def _audience(initial: StringLike) -> rx.Component:
    return rx.el.fieldset(
        rx.el.legend(t(brief_texts.AUDIENCE)),
        rx.el.div(
            *(
                rx.el.label(
                    rx.el.input(
                        type="radio",
                        name="audience",
                        value=value,
                        default_checked=rx.Var.create(initial) == value,
                    ),
                    rx.el.span(t(text)),
                )
                for value, text in AUDIENCES
            ),
            class_name="choices",
        ),
        class_name="field",
    )


def _count(initial: Number, message: rx.Var[Notice]) -> rx.Component:
    return _field(
        "count",
        brief_texts.COUNT,
        message,
        lambda shared: rx.el.select(
            *(rx.el.option(str(number), value=str(number)) for number in range(1, 11)),
            default_value=rx.Var.create(initial).to(str),
            **shared,
        ),
    )


def _model(models: Sequence[ModelOption], chosen: StringLike, message: rx.Var[Notice]) -> rx.Component:
    if len(models) < 2:
        return rx.fragment()
    return _field(
        "model",
        brief_texts.MODEL,
        message,
        lambda shared: rx.el.select(
            *(rx.el.option(model.name, value=model.name) for model in models),
            default_value=chosen,
            **shared,
        ),
        optional=True,
    )


def _estimate(models: Sequence[ModelOption], currency: str) -> rx.Component:
    """The expected cost of a run; assets/pickers.js computes it from the values of the form."""
    estimates = {
        model.name: asdict(estimate) for model in models if (estimate := pricing.estimate(model)) is not None
    }
    if not estimates:
        return rx.fragment()
    return rx.el.p(
        woven(brief_texts.ESTIMATE, cost=rx.el.span(class_name="cost")),
        class_name="hint estimate",
        hidden=True,
        data_estimates=json.dumps(estimates, ensure_ascii=False),
        data_currency=currency,
        data_digits=json.dumps(pricing.DIGITS),
        data_testid="estimate",
    )


def _field(
    name: str,
    label: Text,
    message: rx.Var[Notice],
    control: Callable[[dict[str, Any]], rx.Component],
    *,
    optional: bool = False,
) -> rx.Component:
    problem, message = f"{name}-problem", message.to(ObjectVar, Notice)
    shared = {
        "name": name,
        "id": name,
        "aria_invalid": rx.cond(message.zh != "", "true", "false"),
        "aria_describedby": problem,
    }
    if not optional:
        shared["aria_required"] = "true"
    return rx.el.div(
        rx.el.label(
            t(label),
            rx.el.span(t(brief_texts.OPTIONAL), class_name="optional") if optional else rx.fragment(),
            html_for=name,
        ),
        control(shared),
        rx.el.p(in_language(message), id=problem, class_name="problem", aria_live="polite"),
        class_name="field",
    )
