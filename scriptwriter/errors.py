"""Owns the one tree of errors. Knows texts by their code, and nothing of screens or HTTP.

ScriptwriterError
├── UserError                 a person may see it: it has a text in both languages
│   ├── EditedMeanwhile       somebody else has saved the same idea: it carries what they wrote
│   └── GenerationError       the model's side failed: says whether trying again may help
├── Superseded                a worker's attempt is no longer the current one: leave quietly
├── SchemaError               the database cannot be used by this version
└── StartRefused              these settings, or this database with them, would not be safe
"""

from typing import Any, Literal

from scriptwriter.texts import ERRORS

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
        return getattr(ERRORS[self.code], language).format(**self.params)

    def __str__(self) -> str:
        return f"{self.code}: {self.text('en')}"


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
