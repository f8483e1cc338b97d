"""Owns the kinds of artifacts and transforms, their JSON, states and progress. Pure: knows no database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self, get_args

from scriptwriter.domain.kinds.brief import AVOID, GENRE, MODEL, PLATFORM, WISHES
from scriptwriter.domain.typed_text import seen
from scriptwriter.errors import UserError

TransformStatus = Literal["pending", "running", "completed", "failed", "cancelled"]
ArtifactStatus = Literal["streaming", "completed", "failed", "cancelled"]
IdeaStatus = Literal["finished", "writing", "unfinished"]
Audience = Literal["", "female", "male"]
"""Whom a story is for: 女频, 男频; "" is everybody."""
Task = Literal["brainstorm", "like", "merge", "title"]
"""What a run does: new ideas, more like one, one out of several, another title for one."""

LLM, HUMAN = "llm", "human"
PARAMS, IDEAS = "brainstorm_params", "brainstorm_ideas"
IDEA, VERDICT, ORDER = "brainstorm_idea", "brainstorm_verdict", "brainstorm_order"
"""What people make: a version of one idea, what one of them says of it, the keepers' order."""
EDIT, RESTORE, PICK, ARRANGE = "edit_idea", "restore_idea", "pick_idea", "arrange_keepers"
"""A person's acts."""

TRANSITIONS: Mapping[TransformStatus, frozenset[TransformStatus]] = {
    "pending": frozenset({"running", "failed", "cancelled"}),
    "running": frozenset({"pending", "completed", "failed", "cancelled"}),
    "failed": frozenset({"pending"}),
    "cancelled": frozenset({"pending"}),
    "completed": frozenset(),
}
"""The allowed changes of a transform's state; pending again is the next attempt."""

STARTED, FINISHED = 10.0, 100.0


def sources(target: TransformStatus) -> list[TransformStatus]:
    """The states from which a transform may become `target`."""
    return [state for state, targets in TRANSITIONS.items() if target in targets]


def progress(finished: int, wanted: int) -> float:
    """How far a running generation is, in percent, after `finished` of `wanted` ideas."""
    return round(min(finished / wanted * 90 + STARTED, 90.0), 2)


@dataclass(frozen=True, slots=True)
class Idea:
    """One story idea; `unfinished` is one whose writing ended before its last word."""

    title: str
    body: str
    status: IdeaStatus = "finished"

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The idea that a JSON object of an artifact holds."""
        status = value.get("status")
        return cls(
            str(value.get("title") or ""),
            str(value.get("body") or ""),
            status if status in ("writing", "unfinished") else "finished",
        )

    def to_json(self) -> dict[str, str]:
        """{"title", "body"}, and "status" while it is not finished."""
        plain = {"title": self.title, "body": self.body}
        return plain if self.status == "finished" else plain | {"status": self.status}


def ideas_to_json(ideas: Iterable[Idea]) -> dict[str, Any]:
    """The value of a `brainstorm_ideas` artifact."""
    return {"ideas": [idea.to_json() for idea in ideas]}


def ideas_from_json(value: Any) -> tuple[Idea, ...]:
    """The ideas of a `brainstorm_ideas` artifact; a value of another form holds none."""
    listed = value.get("ideas") if isinstance(value, Mapping) else None
    return tuple(Idea.from_json(each) for each in listed or () if isinstance(each, Mapping))


def finished(ideas: Iterable[Idea]) -> tuple[Idea, ...]:
    """Those ideas that are written to their end."""
    return tuple(idea for idea in ideas if idea.status == "finished")


def listed(ideas: Iterable[Idea]) -> dict[str, Any]:
    """What lists of projects count and search of an artifact: its columns `finished_ideas` and `titles`."""
    known = tuple(ideas)
    titles = (" ".join(idea.title.split()) for idea in known)
    return {"finished_ideas": len(finished(known)), "titles": "\n".join(title for title in titles if title)}


def ended(ideas: Iterable[Idea]) -> tuple[Idea, ...]:
    """The ideas as they stay when the writing has ended: what was being written is unfinished."""
    return tuple(
        Idea(idea.title, idea.body, "unfinished") if idea.status == "writing" else idea for idea in ideas
    )


def kept(ideas: Sequence[Idea]) -> tuple[Idea, ...]:
    """The ideas as the next attempt finds them: each at its place, without the unfinished end."""
    ideas = ended(ideas)
    last = max((place for place, idea in enumerate(ideas) if idea.status == "finished"), default=-1)
    return ideas[: last + 1]


def open_slots(ideas: Sequence[Idea], count: int, skipped: Iterable[int] = ()) -> tuple[int, ...]:
    """The places, from 0, of `count` that hold no finished idea yet and are not given up."""
    done = {place for place, idea in enumerate(ideas) if idea.status == "finished"}
    return tuple(place for place in range(count) if place not in done | set(skipped))


def placed(ideas: Sequence[Idea], slots: Sequence[int], written: Sequence[Idea]) -> tuple[Idea, ...]:
    """`ideas` with the `written` ones in their slots; a place that stays empty is an unfinished idea."""
    places = dict(enumerate(ideas)) | dict(zip(slots, written, strict=False))
    nothing = Idea("", "", "unfinished")
    return tuple(places.get(place, nothing) for place in range(max(places, default=-1) + 1))


@dataclass(frozen=True, slots=True)
class Source:
    """An idea that a run begins with, as it was then; `ref` is "artifact_id#index"."""

    ref: str
    title: str
    body: str

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """The source that a JSON object of an artifact holds."""
        fields = value if isinstance(value, Mapping) else {}
        return cls(*(str(fields.get(name) or "") for name in ("ref", "title", "body")))


@dataclass(frozen=True, slots=True)
class Brief:
    """What a writer asks for: the value of a `brainstorm_params` artifact.

    `avoid` is what the ideas must not have, `model` the name of a model that the settings offer ("": the
    default one). `sources` are the ideas that the task begins with: one to have more like it, two or more to
    merge, one to have another title.
    """

    platform: str
    genre: str
    other_requirements: str = ""
    count: int = 5
    audience: Audience = ""
    avoid: str = ""
    model: str = ""
    task: Task = "brainstorm"
    sources: tuple[Source, ...] = ()

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """The brief that a form or a request holds, trimmed.

        Raises UserError: `platform_required`, `genre_required`, `…_too_long`, `count_out_of_range`,
        `audience_unknown`.
        """
        brief = cls(
            _line(values, "platform", PLATFORM),
            _line(values, "genre", GENRE),
            _text(values, "other_requirements", WISHES),
            _count(values.get("count")),
            _audience(values.get("audience")),
            _text(values, "avoid", AVOID),
            _line(values, "model", MODEL),
        )
        for name in ("platform", "genre"):
            if not getattr(brief, name):
                raise UserError(f"{name}_required")
        return brief

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The brief that a JSON object of an artifact holds."""
        return cls(
            value.get("platform", ""),
            value.get("genre", ""),
            value.get("other_requirements", ""),
            value.get("count", 5),
            value.get("audience", ""),
            value.get("avoid", ""),
            value.get("model", ""),
            _TASKS.get(str(value.get("task")), "brainstorm"),
            tuple(Source.from_json(each) for each in value.get("sources") or ()),
        )

    def again(self) -> Self:
        """The same wishes as an ordinary brainstorm."""
        return replace(self, task="brainstorm", sources=())

    def to_json(self) -> dict[str, Any]:
        """The value of a `brainstorm_params` artifact."""
        return asdict(self) | {"sources": [asdict(source) for source in self.sources]}


def _text(values: Mapping[str, Any], name: str, limit: int) -> str:
    value = values.get(name) or ""
    if not isinstance(value, str):
        value = str(value)
    value = value.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8").strip()
    if len(value) > limit:
        raise UserError(f"{name}_too_long", limit=limit)
    return seen(value)


def _line(values: Mapping[str, Any], name: str, limit: int) -> str:
    return " ".join(_text(values, name, limit).split())


_TASKS: Mapping[str, Task] = {task: task for task in get_args(Task)}


def _audience(value: Any) -> Audience:
    known: dict[Any, Audience] = {None: "", "": "", "any": "", "female": "female", "male": "male"}
    try:
        return known[value]
    except (KeyError, TypeError):
        raise UserError("audience_unknown") from None


def _count(value: Any) -> int:
    try:
        count = 5 if value in (None, "") else int(value)
    except (TypeError, ValueError, OverflowError):
        count = 0
    if not 1 <= count <= 10:
        raise UserError("count_out_of_range")
    return count


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered in one attempt, for the record."""

    model_name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    raw_response: str = ""
    token_usage: Mapping[str, int] | None = None


def total_usage(usages: Sequence[Mapping[str, int] | None]) -> dict[str, int] | None:
    """The tokens of several attempts together; None where no model counted any."""
    known = [usage for usage in usages if usage]
    keys = sorted({key for usage in known for key in usage})
    return {key: sum(usage.get(key, 0) for usage in known) for key in keys} or None
