"""The exceptions of the application.

ScriptwriterError
├── UserError                 shown to a person: it has a text in both languages
│   ├── EditedMeanwhile       another person saved the same idea; it carries their text
│   ├── UnreadableFile        a file cannot be imported; it carries the reason and the place
│   └── GenerationError       the model or its endpoint failed; it says whether a retry may help
├── Superseded                the attempt is no longer the current one; the worker drops it
├── SchemaError               this version cannot use the database's schema
└── StartRefused              the process must not start with these settings or this database
"""

import re
from collections.abc import Mapping
from typing import Any, Literal

from scriptwriter.texts import error_texts, import_texts

Language = Literal["zh", "en"]


class ScriptwriterError(Exception):
    """Base class of all exceptions of this application."""


class UserError(ScriptwriterError):
    """An error that a person reads.

    `code` is a key of `error_texts.ERRORS`; `params` fill the placeholders of its text.
    """

    def __init__(self, code: str, **params: Any) -> None:
        self.code = code
        self.params = params
        super().__init__(code)

    def __reduce__(self) -> tuple[object, ...]:
        # Pickled without calling __init__, whose parameters differ by class: it may come from a child
        # process.
        return BaseException.__new__, (type(self), *self.args), self.__dict__

    def text(self, language: Language = "zh") -> str:
        """The sentence to show, in `language`."""
        return getattr(error_texts.ERRORS[self.code], language).format(**self.params)

    def __str__(self) -> str:
        return f"{self.code}: {self.text('en')}"


def stored_error(code: str, params: Mapping[str, Any]) -> UserError | None:
    """The error that was stored with a row; None if this version has no text for it.

    Another version may have other codes, or other parameters for the same code.
    """
    try:
        error = UserError(code, **params)
        error.text()
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    return error


class EditedMeanwhile(UserError):
    """Another person, `name`, saved the idea after the editing person had opened it. Nothing was overwritten.

    `version` is the id of the other version ("" for the model's original), `title` and `body` its text.
    """

    def __init__(self, name: str, version: str, title: str, body: str) -> None:
        self.name = name
        self.version = version
        self.title = title
        self.body = body
        super().__init__("edited_meanwhile", name=name)


class UnreadableFile(UserError):
    """A file that cannot be imported. Nothing of it was written.

    `reason` is a key of `import_texts.FILE_PROBLEMS`; `place` is where in the file:
    `artifacts[3].data.ideas[2].body`, `line 3, column 7`, or "" for the file as a whole.
    """

    def __init__(self, reason: str, place: str = "") -> None:
        self.reason = reason
        self.place = place
        super().__init__("file_unreadable")

    def problem(self, language: Language) -> str:
        """The reason in words."""
        return getattr(import_texts.FILE_PROBLEMS[self.reason], language)

    def text(self, language: Language = "zh") -> str:
        """The sentence with the problem and its place."""
        position = getattr(import_texts.FILE_POSITION, language)
        place = re.sub(r"line (\d+), column (\d+)", position.format(line=r"\1", column=r"\2"), self.place)
        where = getattr(import_texts.FILE_PLACE, language).format(place=place) if place else ""
        return getattr(error_texts.ERRORS[self.code], language).format(
            where=where, problem=self.problem(language)
        )


class GenerationError(UserError):
    """A run failed because of the model or its endpoint.

    `transient` says whether the same request may succeed later, and `retry_after` in how many seconds (None
    if the endpoint did not say).
    """

    def __init__(
        self, code: str, *, transient: bool = False, retry_after: float | None = None, **params: Any
    ) -> None:
        self.transient = transient
        self.retry_after = retry_after
        super().__init__(code, **params)


class Superseded(ScriptwriterError):
    """The attempt was stopped, or another worker took the run over."""


class SchemaError(ScriptwriterError):
    """This version cannot use the database's schema."""


class StartRefused(ScriptwriterError):
    """The process must not start. The message says why, and what the operator can do."""
