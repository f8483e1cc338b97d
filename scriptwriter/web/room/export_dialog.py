"""The export dialog and the import form."""

from typing import Any

import reflex as rx

from scriptwriter.services.transfer.file_format import MOST_BYTES
from scriptwriter.texts import Text, error_texts, export_texts, import_texts, shared_texts
from scriptwriter.web.kit.elements import PostForm, api_address
from scriptwriter.web.kit.project_state import ProjectState
from scriptwriter.web.kit.wording import LANGUAGE, StringLike, t


def export_button() -> rx.Component:
    """The button that opens the export dialog."""
    return rx.el.button(
        t(export_texts.EXPORT),
        type="button",
        class_name="button quiet",
        data_shows="export",
        aria_haspopup="dialog",
        data_testid="export",
    )


def export_dialog() -> rx.Component:
    """The export dialog. assets/export.js downloads the files and copies the text."""
    return rx.el.dialog(
        PostForm.create(
            rx.el.header(
                rx.el.h2(t(export_texts.EXPORT)),
                rx.el.button(t(shared_texts.CLOSE), type="submit", class_name="button quiet"),
            ),
            method="dialog",
        ),
        PostForm.create(
            rx.el.fieldset(
                rx.el.legend(t(export_texts.WHAT)),
                rx.el.div(
                    _which("keepers", export_texts.KEEPERS, checked=True),
                    _which("all", export_texts.ALL),
                    class_name="choices",
                ),
                class_name="field",
            ),
            # An unchecked box sends nothing. This field then sends the no; otherwise the last value counts.
            rx.el.input(type="hidden", name="mark", value="false", read_only=True),
            rx.el.label(
                rx.el.input(type="checkbox", name="mark", value="true", default_checked=True),
                rx.el.span(t(export_texts.WITH_MARK)),
                class_name="tick",
            ),
            rx.el.p(t(export_texts.WITH_MARK_WHY), class_name="hint"),
            rx.el.input(type="hidden", name="language", value=LANGUAGE, read_only=True),
            rx.el.div(
                rx.el.button(
                    t(export_texts.COPY_TEXT),
                    type="button",
                    class_name="button primary",
                    data_copies="",
                    data_testid="copy-text",
                ),
                _hidden_message(shared_texts.COPIED, role="status", data_says="copied"),
                _hidden_message(export_texts.NOT_COPIED, role="alert", data_says="failed"),
                _file("markdown", export_texts.MARKDOWN_FILE),
                _file("word", export_texts.WORD_FILE),
                _file("json", export_texts.WHOLE_PROJECT),
                _hidden_message(export_texts.NOT_DOWNLOADED, role="alert", data_says="unsaved"),
                rx.el.span(class_name="chip", hidden=True, role="alert", data_says="refused"),
                class_name="actions",
            ),
            action=api_address(rx.Var.create("/api/projects/").to(str) + ProjectState.id + "/export"),
            method="get",
            class_name="export-form",
            data_downloads="",
        ),
        id="export",
        class_name="paper",
        aria_label=t(export_texts.EXPORT),
        data_testid="export-dialog",
    )


def import_form(label: StringLike, hint: StringLike) -> rx.Component:
    """A file field for an exported project.

    assets/import.js uploads the file at once and shows errors here.
    """
    return PostForm.create(
        rx.el.label(
            rx.el.span(label, class_name="button quiet"),
            rx.el.input(
                type="file",
                accept="application/json,.json",
                class_name="unseen",
                data_imports="",
                data_testid="import-file",
            ),
            title=hint,
        ),
        _hidden_message(import_texts.IMPORTING, role="status", data_says="working"),
        # A live region must be in the page before its content changes, or screen readers skip it.
        rx.el.p(
            class_name="problem import-problem",
            role="alert",
            data_says="problem",
            data_otherwise=t(import_texts.IMPORT_FAILED),
            data_most=str(MOST_BYTES),
            data_too_large=t(error_texts.ERRORS["file_too_large"], limit=MOST_BYTES // 1_000_000),
            data_testid="import-problem",
        ),
        action=api_address("/api/projects/import"),
        method="post",
        class_name="import-form",
    )


def _hidden_message(text: Text, **attributes: Any) -> rx.Component:
    """A message that is hidden until assets/export.js or assets/import.js shows it."""
    return rx.el.span(t(text), class_name="chip", hidden=True, **attributes)


def _which(value: str, text: Text, *, checked: bool = False) -> rx.Component:
    return rx.el.label(
        rx.el.input(type="radio", name="ideas", value=value, default_checked=checked),
        rx.el.span(t(text)),
    )


def _file(format: str, text: Text) -> rx.Component:
    return rx.el.button(
        t(text),
        type="submit",
        name="format",
        value=format,
        class_name="button plain",
        data_testid=f"export-{format}",
    )
