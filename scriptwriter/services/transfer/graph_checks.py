"""Checks that a graph has only links and states that the services make. Pure.

A step is a transform with its links, its prompts and its record. The import refuses a file with an invalid
step. The export leaves an invalid step out with everything made from it, so that every export can be
imported.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scriptwriter.domain import graph, prompts
from scriptwriter.domain.errors import UnreadableFile
from scriptwriter.domain.kinds import Brief, Ideas, Verdict, Version
from scriptwriter.domain.kinds.brief import MOST_SOURCES
from scriptwriter.domain.run_context import MOST_REPLY
from scriptwriter.services.transfer.file_format import ArtifactInFile, PromptInFile, TransformInFile

_IDEA = re.compile(r"ideas\[([0-9])\]")
_ACTS = {
    graph.EDIT: ("idea", graph.IDEA),
    graph.RESTORE: ("idea", graph.IDEA),
    graph.PICK: ("verdict", graph.VERDICT),
    graph.ARRANGE: ("order", graph.ORDER),
}
"""Output role and artifact type of each act."""
_SOURCES: Mapping[str, tuple[int, int]] = {
    "brainstorm": (0, 0),
    "like": (1, 1),
    "merge": (2, MOST_SOURCES),
    "title": (1, 1),
}
"""Minimum and maximum number of input ideas of a run, by task."""

_HEADING = 40
"""Characters that precede the reply of each attempt."""

Ref = tuple[str, int]
"""An idea: its artifact's id in the file, and its index."""


@dataclass(frozen=True, slots=True)
class Thing:
    """An artifact of a file, with its parsed value and its place in the file for error messages."""

    row: ArtifactInFile
    value: Any
    place: str


@dataclass(frozen=True, slots=True)
class Link:
    """An input or output artifact of a step."""

    thing: Thing
    role: str
    place: str


@dataclass(slots=True)
class Step:
    """A transform with its context, its links and its prompts."""

    row: TransformInFile
    context: Any
    place: str
    inputs: list[Link] = field(default_factory=list)
    outputs: list[Link] = field(default_factory=list)
    prompts: list[tuple[PromptInFile, str]] = field(default_factory=list)


def check(step: Step, things: Mapping[str, Thing]) -> None:
    """Raises UnreadableFile for a step that the services do not make. `things` are all artifacts by id."""
    (_check_run if step.row.type == graph.LLM else _check_act)(step, things)


def in_order(steps: Iterable[Step]) -> tuple[list[Step], list[Step]]:
    """The steps in topological order, and the steps in a cycle or after one."""
    waiting = {step.row.id: step for step in steps}
    made_by = {link.thing.row.id: step.row.id for step in waiting.values() for link in step.outputs}
    before = {
        step.row.id: {made_by[link.thing.row.id] for link in step.inputs if link.thing.row.id in made_by}
        for step in waiting.values()
    }
    after: dict[str, list[str]] = {}
    for step_id, sources in before.items():
        for source in sources:
            after.setdefault(source, []).append(step_id)
    left = {step_id: len(sources) for step_id, sources in before.items()}
    ready = [step_id for step_id, number in left.items() if number == 0]
    for step_id in ready:
        for later in after.get(step_id, ()):
            left[later] -= 1
            if left[later] == 0:
                ready.append(later)
    circular = [step for step in waiting.values() if left[step.row.id] > 0]
    return [waiting[step_id] for step_id in ready], circular


def _check_act(step: Step, things: Mapping[str, Thing]) -> None:
    row = step.row
    if row.human is None or row.llm is not None:
        raise UnreadableFile("contradiction", f"{step.place}.human")
    if row.human.action_type not in _ACTS:
        raise UnreadableFile("unknown_kind", f"{step.place}.human.action_type")
    action = row.human.action_type
    if step.context.params.action != action:
        raise UnreadableFile("contradiction", f"{step.place}.execution_context.params.action")
    if (row.streaming_status, row.retry_count, row.error_message) != ("completed", 0, None):
        raise UnreadableFile("contradiction", f"{step.place}.streaming_status")
    if step.prompts:
        raise UnreadableFile("contradiction", step.prompts[0][1])
    made = _made(step, *_ACTS[action])
    if made.row.streaming_status != "completed":
        raise UnreadableFile("contradiction", f"{made.place}.streaming_status")
    ideas = _ideas(step)
    versions = [link for link in step.inputs if link.role == "version"]
    _only(step, {*ideas.values(), *(link.place for link in versions)})
    if action == graph.ARRANGE:
        if versions or {*map(_ref, made.value.order)} != {*ideas}:
            raise UnreadableFile("contradiction", f"{made.place}.data.order")
        return
    if len(ideas) != 1 or len(versions) > (action != graph.PICK):
        raise UnreadableFile("wrong_link", step.place)
    [ref] = ideas
    _check_about(made, ref)
    if made.row.type == graph.IDEA:
        _check_base(made, things)
    for link in versions:
        _check_version(link, ref)


def _check_run(step: Step, things: Mapping[str, Thing]) -> None:
    row, context = step.row, step.context
    if row.human is not None:
        raise UnreadableFile("contradiction", f"{step.place}.human")
    params = [link for link in step.inputs if link.role == "params"]
    if len(params) != 1 or params[0].thing.row.type != graph.PARAMS:
        raise UnreadableFile("wrong_link", params[0].place if params else step.place)
    brief = params[0].thing.value
    if context.params != brief:
        raise UnreadableFile("contradiction", f"{step.place}.execution_context.params")
    made = _made(step, "ideas", graph.IDEA if brief.task == "title" else graph.IDEAS)
    if row.streaming_status != made.row.streaming_status:
        raise UnreadableFile("contradiction", f"{made.place}.streaming_status")
    if (row.error_message is not None) != (row.streaming_status == "failed"):
        raise UnreadableFile("contradiction", f"{step.place}.error_message")
    _check_sources(step, brief)
    if row.streaming_status == "completed" and brief.task == "title":
        _check_about(made, _ref(brief.sources[0].ref))
        _check_base(made, things)
    else:
        _check_written(step, made, brief)
    _check_prompts(step)
    _check_reply(step)


def _check_sources(step: Step, brief: Brief) -> None:
    """Check the input ideas of a run and its steering inputs."""
    least, most = _SOURCES[brief.task]
    place = f"{step.place}.execution_context.params.sources"
    if not least <= len(brief.sources) <= most:
        raise UnreadableFile("contradiction", place)
    ideas = _ideas(step)
    if {_ref(source.ref) for source in brief.sources} != {*ideas}:
        raise UnreadableFile("leads_nowhere", place)
    known = {*ideas.values()}
    for link in step.inputs:
        if link.role == "version":
            ref = _about(link.thing)
            if ref not in ideas:
                raise UnreadableFile("wrong_link", link.place)
            _check_version(link, ref)
            known.add(link.place)
        elif link.role == "params" or (link.role in ("kept", "passed") and _about(link.thing) is not None):
            known.add(link.place)
    _only(step, known)


def _check_written(step: Step, made: Thing, brief: Brief) -> None:
    """Check the ideas that a run has written."""
    if not isinstance(made.value, Ideas):
        raise UnreadableFile("contradiction", f"{made.place}.data")
    written = made.value.ideas
    if len(written) > brief.count:
        raise UnreadableFile("too_many", f"{made.place}.data.ideas")
    for number, idea in enumerate(written):
        if idea.status == "writing":
            raise UnreadableFile("contradiction", f"{made.place}.data.ideas[{number}].status")
        if idea.finished and not (idea.title and idea.body):
            raise UnreadableFile("missing", f"{made.place}.data.ideas[{number}]")
    skipped = step.context.skipped or ()
    done = {place for place, idea in enumerate(written) if idea.finished} | {*skipped}
    if step.row.streaming_status == "completed" and not done >= {*range(brief.count)}:
        raise UnreadableFile("contradiction", f"{step.place}.streaming_status")


def _check_prompts(step: Step) -> None:
    """Check that each attempt has one prompt, no longer than `render` can make."""
    wanted = {prompts.role_of(attempt) for attempt in range(step.row.retry_count + 1)}
    for prompt, place in step.prompts:
        if len(prompt.prompt_text) > prompts.longest():
            raise UnreadableFile("too_long", f"{place}.prompt_text")
        if prompt.prompt_role not in wanted:
            raise UnreadableFile("contradiction", f"{place}.prompt_role")
        wanted.remove(prompt.prompt_role)
    if wanted:
        raise UnreadableFile("contradiction", f"{step.place}.retry_count")


def _check_reply(step: Step) -> None:
    """Check the length of the stored replies of all attempts."""
    llm = step.row.llm
    longest = (step.row.retry_count + 1) * (MOST_REPLY + _HEADING)
    if llm is not None and len(llm.raw_response or "") > longest:
        raise UnreadableFile("too_long", f"{step.place}.llm.raw_response")


def _made(step: Step, role: str, kind: str) -> Thing:
    """The output of the step: exactly one artifact of this type in this role."""
    if len(step.outputs) != 1:
        raise UnreadableFile("wrong_link", step.outputs[1].place if step.outputs else step.place)
    [link] = step.outputs
    if link.role != role or link.thing.row.type != kind:
        raise UnreadableFile("wrong_link", link.place)
    if step.row.streaming_status == "completed":
        if step.row.progress_percentage != graph.FINISHED:
            raise UnreadableFile("contradiction", f"{step.place}.progress_percentage")
        if link.thing.row.streaming_progress != graph.FINISHED:
            raise UnreadableFile("contradiction", f"{link.thing.place}.streaming_progress")
    return link.thing


def _ideas(step: Step) -> dict[Ref, str]:
    """The input ideas of a step, each with the place of its link."""
    found: dict[Ref, str] = {}
    for link in step.inputs:
        named = _IDEA.fullmatch(link.role)
        if named is None:
            continue
        place = int(named[1])
        if link.thing.row.type != graph.IDEAS:
            raise UnreadableFile("wrong_link", link.place)
        ideas = link.thing.value.ideas
        if place >= len(ideas) or not ideas[place].finished:
            raise UnreadableFile("leads_nowhere", f"{link.place}.role")
        found[link.thing.row.id, place] = link.place
    return found


def _only(step: Step, known: set[str]) -> None:
    """Raises UnreadableFile for an input whose place is not among `known`."""
    for link in step.inputs:
        if link.place not in known:
            raise UnreadableFile("wrong_link", link.place)


def _check_about(made: Thing, ref: Ref) -> None:
    """Check that an act's artifact names the input idea of the act."""
    if not isinstance(made.value, Version | Verdict):
        raise UnreadableFile("contradiction", f"{made.place}.data")
    if made.value.artifact_id != ref[0]:
        raise UnreadableFile("leads_nowhere", f"{made.place}.data.artifactId")
    if made.value.index != ref[1]:
        raise UnreadableFile("contradiction", f"{made.place}.data.index")


def _check_base(made: Thing, things: Mapping[str, Thing]) -> None:
    """Check that the base of a version is an earlier version of the same idea."""
    if made.value.base:
        base = things.get(made.value.base)
        if base is None or _about(base) != _about(made) or base.row.created_at >= made.row.created_at:
            raise UnreadableFile("leads_nowhere", f"{made.place}.data.base")


def _check_version(link: Link, ref: Ref) -> None:
    """Check that an input version belongs to the input idea."""
    if link.thing.row.type != graph.IDEA or _about(link.thing) != ref:
        raise UnreadableFile("wrong_link", link.place)


def _about(thing: Thing) -> Ref | None:
    """The idea of a version or a verdict."""
    value = thing.value
    return (value.artifact_id, value.index) if isinstance(value, Version | Verdict) else None


def _ref(text: str) -> Ref:
    artifact_id, _, index = text.rpartition("#")
    return artifact_id, int(index) if index.isdecimal() else -1
