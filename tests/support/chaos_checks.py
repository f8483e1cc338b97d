"""The invariants that must hold after chaos, when all generations have ended.

Reads the database and the calls.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from scriptwriter.domain import graph
from scriptwriter.domain.graph import Idea
from tests.support.chaos_model import Call, call_of
from tests.support.chaos_people import Observer, missing
from tests.support.rows import rows

Row = Mapping[str, Any]

_RUNS = """
SELECT t.*, a.data, a.partial_data, a.streaming_status AS artifact_status, b.data AS brief,
    (SELECT count(*) FROM transform_inputs WHERE transform_id = t.id AND input_role = 'params') AS inputs,
    (SELECT count(*) FROM transform_outputs WHERE transform_id = t.id AND output_role = 'ideas') AS outputs,
    (SELECT count(*) FROM llm_transforms WHERE transform_id = t.id) AS records,
    ARRAY(SELECT prompt_role FROM llm_prompts WHERE transform_id = t.id) AS prompts
FROM transforms t
LEFT JOIN transform_outputs o ON o.transform_id = t.id
LEFT JOIN artifacts a ON a.id = o.artifact_id
LEFT JOIN transform_inputs i ON i.transform_id = t.id
LEFT JOIN artifacts b ON b.id = i.artifact_id
WHERE t.type = 'llm'
ORDER BY t.created_at
"""

_NEWEST = """
SELECT artifact_data AS data FROM brainstorm_flows
WHERE project_id = %s AND artifact_type = 'brainstorm_ideas'
ORDER BY transform_created_at DESC LIMIT 1
"""


def violations(url: str, calls: Sequence[Call], observers: Sequence[Observer]) -> list[str]:
    """A sentence for every invariant that does not hold, once every generation has all of its ideas."""
    runs = rows(url, _RUNS)
    made = {run["id"]: _ideas(run["data"]) for run in runs}
    by_mark: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        by_mark[call.mark].append(call)
    found: list[str] = []
    if twice := [key for key, number in Counter(run["id"] for run in runs).items() if number > 1]:
        found.append(f"more than one input or output: {twice}")
    for run in runs:
        mark = _brief(run).get("other_requirements", "")
        sentences = [*_of_run(run, made[run["id"]]), *_of_calls(run, made[run["id"]], by_mark.pop(mark, []))]
        found += [f"{run['id']}: {sentence}" for sentence in sentences]
    found += [f"the model was called for an unknown generation: {mark}" for mark in by_mark]
    for observer in observers:
        shown = {key: ideas for key, ideas in made.items()}
        found += observer.violations
        found += missing(observer.seen, shown, "in the database")
        found += _of_screen(url, observer)
        found += _of_payments(runs, calls, observer)
    jobs = rows(url, "SELECT id, status::text, attempts FROM procrastinate_jobs WHERE status <> 'succeeded'")
    found += [f"a job is left: {job}" for job in jobs]
    return found


def unended(url: str) -> list[Row]:
    """The generations that are pending or running."""
    return [run for run in rows(url, _RUNS) if run["streaming_status"] in ("pending", "running")]


def short(url: str) -> list[Row]:
    """The generations that ended with fewer ideas than they were asked for."""
    runs = [run for run in rows(url, _RUNS) if run["streaming_status"] in ("failed", "cancelled")]
    return [run for run in runs if len(graph.finished(_ideas(run["data"]))) < _brief(run).get("count", 0)]


def newest_titles(url: str, project_id: str) -> list[str]:
    """The titles of a project's newest generation, in order."""
    [run] = rows(url, _NEWEST, project_id)
    return [idea.title for idea in _ideas(run["data"])]


def shown_equals_stored(url: str, observer: Observer) -> bool:
    """Whether the observer sees what the view `brainstorm_flows` holds."""
    return not _of_screen(url, observer)


def _of_run(run: Row, ideas: Sequence[Idea]) -> list[str]:
    """A run is completed, or was stopped when nothing was missing, and all rows that belong to it exist."""
    completed = run["streaming_status"] == "completed"
    count = _brief(run).get("count", 0)
    roles = ["primary", *(f"attempt-{number}" for number in range(1, run["retry_count"] + 1))]
    titles = [idea.title for idea in ideas]
    facts = {
        f"is {run['streaming_status']} ({run['error_message']})": completed
        or run["streaming_status"] == "cancelled",
        f"status is {run['status']}": run["status"] == run["streaming_status"],
        f"its artifact is {run['artifact_status']}": run["artifact_status"] == run["streaming_status"],
        "its artifact has a draft left": run["partial_data"] is None,
        f"progress is {run['progress_percentage']}": not completed or run["progress_percentage"] == 100,
        f"has {len(ideas)} ideas of {count}": len(ideas) == count,
        f"has unfinished ideas {titles}": all(idea.status == "finished" for idea in ideas),
        f"has an idea twice {titles}": len({*titles}) == len(titles),
        f"has {run['inputs']} inputs": run["inputs"] == 1,
        f"has {run['outputs']} outputs": run["outputs"] == 1,
        f"has the prompts {sorted(run['prompts'])}": sorted(run["prompts"]) == sorted(roles),
        "has no record in llm_transforms": run["records"] == 1 or not completed,
    }
    return [sentence for sentence, holds in facts.items() if not holds]


def _of_calls(run: Row, ideas: Sequence[Idea], calls: Sequence[Call]) -> list[str]:
    """Each attempt calls the model at most once, for the missing ideas, and every idea comes from a call.

    An idea that a call did not know, and that comes from an earlier call, was written by an attempt that had
    already been replaced.
    """
    count = _brief(run).get("count", 0)
    found = []
    if len(calls) > run["retry_count"] + 1:
        found.append(f"{len(calls)} calls for {run['retry_count'] + 1} attempts")
    for call in calls:
        if call.asked + len(call.known) != count:
            found.append(
                f"call {call.number} asked for {call.asked}, with {len(call.known)} of {count} known"
            )
        if lost := [idea.title for idea in call.known if idea.title not in {each.title for each in ideas}]:
            found.append(f"call {call.number} knew of {lost}, which are gone")
        known = {idea.title for idea in call.known}
        if late := [idea.title for idea in ideas if idea.title not in known and call_of(idea) < call.number]:
            found.append(f"{late} were written when call {call.number} had taken over")
    numbers = {call.number for call in calls}
    if strange := [idea.title for idea in ideas if call_of(idea) not in numbers]:
        found.append(f"has ideas of another generation: {strange}")
    return found


def _of_payments(runs: Sequence[Row], calls: Sequence[Call], observer: Observer) -> list[str]:
    """No call asks for an idea that was on a screen before the call."""
    marks = {_brief(run).get("other_requirements", ""): run["id"] for run in runs}
    shown: dict[str, list[Idea]] = defaultdict(list)
    for (transform_id, _), idea in observer.seen.items():
        shown[transform_id].append(idea)
    found = []
    for call in calls:
        known = {idea.title for idea in call.known}
        for idea in shown[marks.get(call.mark, "")]:
            if observer.since[idea.title] < call.at and idea.title not in known:
                found.append(
                    f"{marks[call.mark]}: {idea.title} was finished, and call {call.number} asks again"
                )
    return found


def _of_screen(url: str, observer: Observer) -> list[str]:
    """Compare the newest flow with the view."""
    stored = {
        row["transform_id"]: (
            row["transform_status"],
            float(row["progress_percentage"]),
            graph.readable(row["artifact_partial_data"], row["artifact_data"]),
        )
        for row in rows(
            url,
            "SELECT * FROM brainstorm_flows WHERE project_id = %s AND artifact_type = 'brainstorm_ideas'",
            observer.project_id,
        )
    }
    batches = observer.flow.batches if observer.flow else ()
    shown = {batch.transform_id: (batch.status, batch.progress, batch.ideas) for batch in batches}
    if observer.flow is not None and observer.flow.syncing != "live":
        return [f"project {observer.project_id} is still {observer.flow.syncing}"]
    different = [key for key in stored.keys() | shown.keys() if stored.get(key) != shown.get(key)]
    return [f"{key} is shown as {shown.get(key)}, and stored as {stored.get(key)}" for key in different]


def _ideas(data: str | None) -> tuple[Idea, ...]:
    return graph.readable(None, data)


def _brief(run: Row) -> dict[str, Any]:
    """The brief of a run, or nothing where the link to it is missing."""
    return json.loads(run["brief"] or "{}")
