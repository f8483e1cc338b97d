"""Describes each step of a project's lineage in both languages. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from scriptwriter.domain import graph, kinds
from scriptwriter.domain.base_values import Value
from scriptwriter.domain.idea_acts import Act, IdeaRef, Made
from scriptwriter.domain.kinds import Brief, Idea, Ideas, Order, Unreadable, Verdict, Version
from scriptwriter.domain.run_context import RunContext
from scriptwriter.domain.taxonomy import named
from scriptwriter.settings import DEMO_MODEL
from scriptwriter.sync.lineage_join import Lineage, Node
from scriptwriter.sync.shape_rows import context_of, started_by
from scriptwriter.texts import Text, lineage_texts, projects_texts, room_texts, shared_texts
from scriptwriter.web.room.card_views import anchor_of


@dataclass(frozen=True)
class StepView:
    """One step of a project's lineage: a node of the graph, with its label in both languages.

    `kind` is brief, ideas, run or act. `state` is the status of a run or of its ideas, "" after success.
    `by` is the person who started a run; the label of an act contains its person. `at` is ISO 8601.
    `source_zh` and `source_en` list the steps from which it was made, "" for none. `href` is the address of
    the step, "" for a run, which is opened by its `id`. `x` and `y` are its place in the graph, in pixels.
    """

    id: str = ""
    kind: str = "act"
    state: str = ""
    zh: str = ""
    en: str = ""
    by: str = ""
    at: str = ""
    source_zh: str = ""
    source_en: str = ""
    href: str = ""
    x: int = 0
    y: int = 0


@dataclass(frozen=True)
class EdgeView:
    """An edge of the graph between two steps, by their ids."""

    id: str = ""
    source: str = ""
    target: str = ""


TASKS = {"like": lineage_texts.LIKE, "merge": lineage_texts.MERGE, "title": lineage_texts.RETITLE}
ACTIONS = {graph.EDIT: "edit", graph.RESTORE: "restore", graph.ARRANGE: "arrange"}


def steps_of(lineage: Lineage, project_id: str) -> list[StepView]:
    """The steps of a lineage that lineage_join.folded has returned, the oldest first."""
    titles = Titles.of(lineage)
    told = {node.id: _label(node, titles) for node in lineage.nodes}
    made_at = {node.id: node.at for node in lineage.nodes}
    sources: dict[str, dict[Text, None]] = {}
    for edge in lineage.edges:
        ref = _part(edge.source, edge.role)
        source = told[edge.source]
        if ref is not None and ref in titles.versions:
            source = _quoted(titles.before(ref, made_at[edge.target]))
        sources.setdefault(edge.target, {}).setdefault(source)
    return [
        _step(node, told[node.id], _listed(sources.get(node.id, ())), project_id)
        for node in sorted(lineage.nodes, key=lambda node: (node.at, node.rank, node.id))
    ]


def edges_of(lineage: Lineage) -> list[EdgeView]:
    """The edges between the steps, each pair of steps once."""
    edges = dict.fromkeys((edge.source, edge.target) for edge in lineage.edges)
    return [EdgeView(f"{source}>{target}", source, target) for source, target in edges]


def openings_of(lineage: Lineage) -> list[list[str]]:
    """Possible first views of the graph as lists of step ids, each a part of the one before it.

    They are: the newest batch with its brief and the acts on its ideas; the batch with its brief; the batch,
    which is the ideas with their run; the ideas. A batch that ended without ideas counts only if all did.
    """
    nodes = {node.id: node for node in lineage.nodes}
    batches = [node for node in lineage.nodes if node.type == graph.IDEAS]
    if not batches:
        return []
    telling = [node for node in batches if node.status == "streaming" or _ideas_in(node) > 0]
    ideas = max(telling or batches, key=lambda node: (node.at, node.id))
    runs = [edge.source for edge in lineage.edges if edge.target == ideas.id]
    briefs = [node.id for run in runs for node in lineage.before(run) if node.type == graph.PARAMS]
    after = [edge.target for edge in lineage.edges if edge.source == ideas.id]
    acts = [each for each in dict.fromkeys(after) if nodes[each].kind == "human"]
    batch = [ideas.id, *runs]
    return [[*batch, *briefs, *acts], [*batch, *briefs], batch, [ideas.id]]


@dataclass(frozen=True, slots=True)
class Titles:
    """All titles that each idea has had, each with its time, the oldest first."""

    versions: dict[IdeaRef, list[tuple[datetime, str]]] = field(default_factory=dict)

    @classmethod
    def of(cls, lineage: Lineage) -> "Titles":
        """The titles of all finished ideas of a lineage."""
        titles = cls()
        for node in sorted(lineage.nodes, key=lambda node: node.at):
            if node.type == graph.IDEAS:
                for index, idea in enumerate(_ideas(node)):
                    if idea.finished:
                        titles.versions[IdeaRef(node.id, index)] = [(node.at, idea.title)]
        for node in sorted(lineage.nodes, key=lambda node: node.at):
            value = _value(node)
            if isinstance(value, Version) and (ref := _ref(node)) in titles.versions:
                titles.versions[ref].append((node.at, value.title))
        return titles

    def before(self, ref: IdeaRef | None, at: datetime) -> str:
        """The title of an idea just before the time `at`; "" for an unknown idea."""
        known = self.versions.get(ref, []) if ref is not None else []
        return next((title for moment, title in reversed(known) if moment < at), known[0][1] if known else "")


def _step(node: Node, label: Text, source: Text, project_id: str) -> StepView:
    state = node.status if node.status in lineage_texts.STATES else ""
    return StepView(
        id=node.id,
        kind=_kind(node),
        state=state,
        zh=label.zh,
        en=label.en,
        by=started_by(node.row) if node.kind == "llm" else "",
        at=node.at.isoformat(timespec="seconds"),
        source_zh=source.zh,
        source_en=source.en,
        href="" if node.kind == "llm" else f"/projects/{project_id}/brainstorm{_anchor(node)}",
        x=node.x,
        y=node.y,
    )


def _kind(node: Node) -> str:
    if node.kind == "artifact":
        return "brief" if node.type == graph.PARAMS else "ideas"
    return "run" if node.kind == "llm" else "act"


def _anchor(node: Node) -> str:
    """The URL fragment of the idea's card on the brainstorm page; "" for a step about no idea."""
    ref = IdeaRef(node.id, 0) if node.type == graph.IDEAS else _ref(node)
    return "" if ref is None else f"#{anchor_of(ref)}"


def _label(node: Node, titles: Titles) -> Text:
    if node.kind == "llm":
        return _run(node)
    if node.kind == "human":
        return _act(node, titles)
    value = _value(node)
    if node.status == "streaming":
        return projects_texts.WRITING_NOW
    if isinstance(value, Brief):
        brief = value
        asked = [part for part in (brief.platform, brief.genre) if part]
        return Text(*(" · ".join(named(part, language) for part in asked) for language in ("zh", "en")))
    if isinstance(value, Ideas):
        count = _ideas_in(node)
        return projects_texts.ONE_IDEA if count == 1 else _filled(projects_texts.IDEAS_COUNT, count=count)
    if isinstance(value, Version | Verdict):
        return _filled(lineage_texts.NEW_TITLE, title=value.title) if value.title else lineage_texts.NO_TITLE
    return lineage_texts.NO_TITLE if isinstance(value, Order) else lineage_texts.UNREADABLE


def _run(node: Node) -> Text:
    context = context_of(node.row)
    if not isinstance(context, RunContext):
        return lineage_texts.UNREADABLE
    brief = context.params
    name = context.model or brief.model
    parts = [
        shared_texts.DEMO_MODE
        if name == DEMO_MODEL
        else Text(name, name)
        if name
        else lineage_texts.SOME_MODEL
    ]
    if brief.task in TASKS:
        titles = _listed((_quoted(source.title) for source in brief.sources), "")
        parts.insert(0, _filled(TASKS[brief.task], titles=titles))
    if context.seconds is not None:
        parts.append(_filled(room_texts.SECONDS, seconds=round(context.seconds)))
    if node.status in lineage_texts.STATES:
        parts.append(lineage_texts.STATES[node.status])
    return _listed(parts, " · ")


def _act(node: Node, titles: Titles) -> Text:
    made = _value(node)
    if isinstance(made, Unreadable):
        return lineage_texts.UNREADABLE
    by = started_by(node.row) or (made.name if isinstance(made, Verdict | Order) else "")
    name = Text(by, by) if by else lineage_texts.SOMEBODY
    what = made.verdict if isinstance(made, Verdict) else ACTIONS.get(node.type, "") if made else ""
    title = made.title if isinstance(made, Version | Verdict) else ""
    title = title or titles.before(_ref(node), node.at)
    said = _filled(lineage_texts.ACTS.get(what, lineage_texts.ACTS[""]), name=name, title=_quoted(title))
    reason = made.reason if isinstance(made, Verdict) else ""
    if reason and what == "pass":
        why = _filled(lineage_texts.REASON, reason=room_texts.PASS_REASONS.get(reason, Text(reason, reason)))
        return _listed((said, why), "")
    return said


def _ref(node: Node) -> IdeaRef | None:
    """The idea of a version or an act; None for other steps."""
    value = _value(node)
    return Act(node.id, value, node.at).ref if isinstance(value, Made) else None


def _part(artifact_id: str, role: str) -> IdeaRef | None:
    """The idea that the role of an edge names; None if it names none."""
    if not role.startswith("ideas["):
        return None
    index = role.removeprefix("ideas[").removesuffix("]")
    return IdeaRef(artifact_id, int(index)) if index.isdecimal() else None


def _ideas_in(node: Node) -> int:
    """The number of finished ideas in an artifact."""
    return len(graph.finished(_ideas(node)))


def _ideas(node: Node) -> tuple[Idea, ...]:
    value = _value(node)
    return value.ideas if isinstance(value, Ideas) else ()


def _value(node: Node) -> Value | Unreadable | None:
    """The value of an artifact, or of the artifact that an act made; None if that row has not arrived."""
    row = node.row if node.kind == "artifact" else node.made
    return None if row is None else kinds.read(row["type"], row["data"])


def _quoted(title: str) -> Text:
    return _filled(lineage_texts.QUOTED, title=title) if title else lineage_texts.NO_TITLE


def _filled(text: Text, **values: Any) -> Text:
    """The text with its placeholders filled; for a value that is a Text, each language gets its own half."""

    def half(template: str, place: int) -> str:
        return template.format(**{k: v[place] if isinstance(v, Text) else v for k, v in values.items()})

    return Text(half(text.zh, 0), half(text.en, 1))


def _listed(texts: Iterable[Text], between: str | None = None) -> Text:
    """The texts joined by `between`, or by the list separator of each language."""
    listed = list(texts)
    zh, en = ("、", ", ") if between is None else (between, between)
    return Text(zh.join(text.zh for text in listed), en.join(text.en for text in listed))
