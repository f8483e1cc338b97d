"""Owns the one tree of errors. Knows texts by their code, and nothing of screens or HTTP.

ScriptwriterError
├── UserError                 a person may see it: it has a text in both languages
│   ├── EditedMeanwhile       somebody else has saved the same idea: it carries what they wrote
│   ├── UnreadableFile        a file cannot be imported: it says why, and where in the file
│   └── GenerationError       the model's side failed: says whether trying again may help
├── Superseded                a worker's attempt is no longer the current one: leave quietly
├── SchemaError               the database cannot be used by this version
└── StartRefused              these settings, or this database with them, would not be safe
"""

import re
from collections.abc import Mapping
from typing import Any, Literal

from scriptwriter.texts import error_texts, import_texts

Language = Literal["zh", "en"]


class ScriptwriterError(Exception):
    """Every error of ours."""


class UserError(ScriptwriterError):
    """Something a person should read.

    `code` is a key of `texts.ERRORS`, `params` fill its placeholders.
    """

    def __init__(self, code: str, **params: Any) -> None:
        self.code = code
        self.params = params
        super().__init__(code)

    def __reduce__(self) -> tuple[object, ...]:
        # As it is, whatever its class asks for when it is made: it may come from a child process.
        return BaseException.__new__, (type(self), *self.args), self.__dict__

    def text(self, language: Language = "zh") -> str:
        """The sentence to show, in `language`."""
        return getattr(error_texts.ERRORS[self.code], language).format(**self.params)

    def __str__(self) -> str:
        return f"{self.code}: {self.text('en')}"


def stored_error(code: str, params: Mapping[str, Any]) -> UserError | None:
    """An error that was kept with its row; None where no sentence can be made of it.

    Another version has other codes, and other parameters of the same one.
    """
    try:
        error = UserError(code, **params)
        error.text()
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    return error


class EditedMeanwhile(UserError):
    """Somebody, `name`, has saved an idea since the person who edits it saw it; nothing was overwritten.

    `version` is the id of theirs ("" for the model's original), `title` and `body` its text.
    """

    def __init__(self, name: str, version: str, title: str, body: str) -> None:
        self.name = name
        self.version = version
        self.title = title
        self.body = body
        super().__init__("edited_meanwhile", name=name)


class UnreadableFile(UserError):
    """A file that is not imported, and nothing of it.

    `reason` is a key of texts.FILE_PROBLEMS; `place` is where in the file: `artifacts[3].data.ideas[2].body`,
    `line 3, column 7`, or "" for the file as a whole.
    """

    def __init__(self, reason: str, place: str = "") -> None:
        self.reason = reason
        self.place = place
        super().__init__("file_unreadable")

    def problem(self, language: Language) -> str:
        """The reason in words."""
        return getattr(import_texts.FILE_PROBLEMS[self.reason], language)

    def text(self, language: Language = "zh") -> str:
        """What is wrong, where, and that nothing has changed."""
        position = getattr(import_texts.FILE_POSITION, language)
        place = re.sub(r"line (\d+), column (\d+)", position.format(line=r"\1", column=r"\2"), self.place)
        where = getattr(import_texts.FILE_PLACE, language).format(place=place) if place else ""
        return getattr(error_texts.ERRORS[self.code], language).format(
            where=where, problem=self.problem(language)
        )


class GenerationError(UserError):
    """A generation could not go on.

    `transient` says whether the same request may succeed later, `retry_after` in how many seconds
    (None where the model did not say).
    """

    def __init__(
        self, code: str, *, transient: bool = False, retry_after: float | None = None, **params: Any
    ) -> None:
        self.transient = transient
        self.retry_after = retry_after
        super().__init__(code, **params)


class Superseded(ScriptwriterError):
    """This attempt is over: somebody stopped it, or another worker took it."""


class SchemaError(ScriptwriterError):
    """The database's schema is not one that this version can use."""


class StartRefused(ScriptwriterError):
    """The process must not serve; the message says why, and what the operator does about it."""
