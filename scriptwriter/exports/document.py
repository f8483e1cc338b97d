"""The content of an export, for every format: project, briefs, ideas in order, and the AI label. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from scriptwriter.domain.errors import Language
from scriptwriter.domain.graph import Brief
from scriptwriter.domain.taxonomy import named
from scriptwriter.texts import Text, brief_texts, export_texts

Selection = Literal["keepers", "all"]
AUDIENCES = {"female": brief_texts.FEMALE_AUDIENCE, "male": brief_texts.MALE_AUDIENCE}


@dataclass(frozen=True, slots=True)
class ExportedIdea:
    """One idea with its newest text; `kept_by` are the names of the people who keep it."""

    title: str
    body: str
    kept_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """The ideas of one brief, or all keepers (`brief` is then None)."""

    brief: Brief | None
    ideas: tuple[ExportedIdea, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One export. `models` are the models that wrote the ideas; `marked` says whether it shows the AI label.

    `unreadable` is the number of batches of the project whose rows cannot be read.
    """

    project: str
    made_at: datetime
    sections: tuple[Section, ...]
    models: tuple[str, ...] = ()
    language: Language = "zh"
    marked: bool = True
    description: str = ""
    unreadable: int = 0

    def say(self, text: Text, **values: object) -> str:
        """The text in the language of the export, with its placeholders filled by `values`."""
        return getattr(text, self.language).format(**values)

    @property
    def date(self) -> str:
        """The date of the export, as the title page shows it."""
        if self.language == "zh":
            return f"{self.made_at:%Y}年{self.made_at.month}月{self.made_at.day}日"
        return f"{self.made_at.day} {self.made_at:%B %Y}"

    @property
    def briefs(self) -> tuple[Brief, ...]:
        """Each brief once, in order."""
        return tuple(dict.fromkeys(section.brief for section in self.sections if section.brief is not None))

    @property
    def left_out(self) -> str:
        """A sentence about batches that are missing because they cannot be read; "" if there are none."""
        return self.say(export_texts.LEFT_OUT, count=self.unreadable) if self.unreadable else ""

    @property
    def mark(self) -> str:
        """The AI label (《人工智能生成合成内容标识办法》), or "" if it was left out."""
        return self.say(export_texts.AI_MARK) if self.marked else ""

    def lines_of(self, brief: Brief) -> list[tuple[str, str]]:
        """The fields of a brief that are not empty, as (label, text)."""
        audience = AUDIENCES.get(brief.audience)
        lines = [
            (self.say(brief_texts.PLATFORM), named(brief.platform, self.language)),
            (self.say(brief_texts.GENRE), named(brief.genre, self.language)),
            (self.say(brief_texts.AUDIENCE), self.say(audience) if audience else ""),
            (self.say(brief_texts.OTHER_REQUIREMENTS), brief.other_requirements),
            (self.say(brief_texts.AVOID), brief.avoid),
        ]
        return [(label, words) for label, words in lines if words]

    def note_of(self, idea: ExportedIdea) -> str:
        """A sentence that names the members who keep an idea; "" if none does."""
        if not idea.kept_by:
            return ""
        between = "、" if self.language == "zh" else ", "
        return self.say(export_texts.KEPT_BY, names=between.join(idea.kept_by))

    @property
    def made_by(self) -> str:
        """A sentence that names the models; "" if none is known."""
        return self.say(export_texts.MODELS, models=", ".join(self.models)) if self.models else ""


def numbered(sections: Sequence[Section]) -> list[tuple[Section, list[tuple[int, ExportedIdea]]]]:
    """The sections with their ideas, which are numbered from 1 through the whole document."""
    counted, number = [], 0
    for section in sections:
        here = []
        for idea in section.ideas:
            number += 1
            here.append((number, idea))
        counted.append((section, here))
    return counted
