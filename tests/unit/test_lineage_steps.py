"""The text of each step on the lineage page, in both languages, and the link of each step."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scriptwriter.domain import graph
from scriptwriter.settings import DEMO_MODEL
from scriptwriter.sync.lineage_join import Lineage, folded, lineage
from scriptwriter.web.lineage.lineage_steps import StepView, edges_of, openings_of, steps_of

START = datetime(2026, 11, 24, 9, tzinfo=UTC)
BRIEF = {"platform": "抖音", "genre": "重生, 复仇", "count": 2}
IDEAS = {"ideas": [{"title": "重生之约", "body": "一"}, {"title": "逆袭时刻", "body": "二"}]}


class Rows:
    """The rows of a project, created step by step."""

    def __init__(self) -> None:
        self.artifacts: list[dict[str, Any]] = []
        self.transforms: list[dict[str, Any]] = []
        self.inputs: list[dict[str, Any]] = []
        self.outputs: list[dict[str, Any]] = []
        self._minute = 0

    def artifact(self, id: str, type: str, value: Any, status: str = "completed") -> None:
        """Add an artifact, one minute after the last one."""
        self._minute += 1
        at = START + timedelta(minutes=self._minute)
        data = json.dumps(value)
        self.artifacts.append(
            {"id": id, "type": type, "data": data, "streaming_status": status, "created_at": at}
        )

    def transform(self, id: str, type: str, sources: dict[str, str], output: str, **context: Any) -> None:
        """Add a transform from `sources` (artifact ids with their roles) to `output`, at the time of the last
        artifact.
        """
        status = context.pop("status", "completed")
        at = START + timedelta(minutes=self._minute)
        self.transforms.append(
            {
                "id": id,
                "type": type,
                "streaming_status": status,
                "created_at": at,
                "execution_context": json.dumps(context),
            }
        )
        self.inputs += [
            {"artifact_id": source, "transform_id": id, "input_role": role}
            for source, role in sources.items()
        ]
        self.outputs.append({"artifact_id": output, "transform_id": id, "output_role": ""})

    def run(self, status: str = "completed", value: Any = IDEAS, **context: Any) -> None:
        """Add a brief, and a run that made ideas from it."""
        self.artifact("brief", graph.PARAMS, BRIEF)
        self.artifact("ideas", graph.IDEAS, value, "streaming" if status == "running" else status)
        context = {"params": BRIEF, "startedBy": "小王"} | context
        self.transform("run", graph.LLM, {"brief": "params"}, "ideas", status=status, **context)

    def act(self, id: str, action: str, type: str, index: int = 0, **value: Any) -> None:
        """Add an act of 小李 on an idea."""
        if type != graph.ORDER:
            value = {"artifactId": "ideas", "index": index} | value
        self.artifact(f"{id}-made", type, value)
        sources = {"ideas": f"ideas[{index}]"}
        self.transform(id, graph.HUMAN, sources, f"{id}-made", startedBy="小李", params={"action": action})

    def lineage(self) -> Lineage:
        """The lineage that the page is built from."""
        return folded(lineage(self.artifacts, self.transforms, self.inputs, self.outputs))

    def step(self, id: str) -> StepView:
        """One step as the page shows it."""
        return next(step for step in steps_of(self.lineage(), "p1") if step.id == id)


@pytest.fixture
def rows() -> Rows:
    """No rows yet."""
    return Rows()


def test_a_run_is_shown_with_its_brief_and_its_ideas(rows: Rows) -> None:
    """The brief with platform and genre, the run with model and seconds, the ideas with their number."""
    rows.run(model="deepseek-chat", seconds=17.6)

    labels = [(step.kind, step.zh, step.en) for step in steps_of(rows.lineage(), "p1")]

    assert labels == [
        ("brief", "抖音 · 重生, 复仇", "Douyin · Rebirth, Revenge"),
        ("run", "deepseek-chat · 18 秒", "deepseek-chat · 18 s"),
        ("ideas", "2 个创意", "2 ideas"),
    ]
    assert (rows.step("ideas").source_zh, rows.step("run").by) == ("deepseek-chat · 18 秒", "小王")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("pending", "模型 · 排队中"),
        ("running", "模型 · 进行中"),
        ("failed", "模型 · 失败"),
        ("cancelled", "模型 · 已停止"),
    ],
)
def test_a_run_that_has_not_ended_well_says_so(rows: Rows, status: str, words: str) -> None:
    """Even before a model was chosen."""
    rows.run(status)

    assert (rows.step("run").zh, rows.step("run").state) == (words, status)


def test_ideas_that_are_being_written_have_no_number(rows: Rows) -> None:
    """They are counted when the run has ended."""
    rows.run("running", {"ideas": []}, model=DEMO_MODEL)

    assert (rows.step("ideas").zh, rows.step("ideas").state) == ("正在写", "streaming")
    assert rows.step("run").en == "Demo mode · running"


@pytest.mark.parametrize(
    ("task", "zh", "en"),
    [
        ("like", "像《重生之约》这样再来 · m", "More like “重生之约” · m"),
        ("title", "给《重生之约》换标题 · m", "Another title for “重生之约” · m"),
        ("merge", "合并《重生之约》 · m", "Merge “重生之约” · m"),
    ],
)
def test_a_run_that_starts_from_an_idea_names_it(rows: Rows, task: str, zh: str, en: str) -> None:
    """More like it, another title for it, or a merge with others."""
    sources = [{"ref": "ideas#0", "title": "重生之约", "body": "一"}]
    rows.run(model="m", params=BRIEF | {"task": task, "sources": sources})

    assert (rows.step("run").zh, rows.step("run").en) == (zh, en)


def test_an_act_names_the_person_and_the_idea(rows: Rows) -> None:
    """By the title of that time: an edit changes only the names of later steps."""
    rows.run()
    rows.act("kept", graph.PICK, graph.VERDICT, verdict="keep")
    rows.act("edit", graph.EDIT, graph.IDEA, title="重生之后", body="三")
    rows.act("passed", graph.PICK, graph.VERDICT, verdict="pass", reason="formulaic")
    rows.act("own", graph.PICK, graph.VERDICT, 1, verdict="pass", reason="看过了")
    rows.act("back", graph.PICK, graph.VERDICT, 1, verdict="none")
    rows.act("restored", graph.RESTORE, graph.IDEA, title="重生之约", body="一")
    rows.act("sorted", graph.ARRANGE, graph.ORDER, order=["ideas#0"])

    texts = {step.id: (step.zh, step.source_zh) for step in steps_of(rows.lineage(), "p1")}

    assert {id: texts[id] for id in ("kept", "edit", "passed", "own", "back", "restored", "sorted")} == {
        "kept": ("小李 留下《重生之约》", "《重生之约》"),
        "edit": ("小李 改写《重生之后》", "《重生之约》"),
        "passed": ("小李 不要《重生之后》（太套路）", "《重生之后》"),
        "own": ("小李 不要《逆袭时刻》（看过了）", "《逆袭时刻》"),
        "back": ("小李 收回对《逆袭时刻》的取舍", "《逆袭时刻》"),
        "restored": ("小李 恢复《重生之约》", "《重生之后》"),
        "sorted": ("小李 排序", "《重生之约》"),
    }
    assert rows.step("passed").en == "小李 passed on “重生之后” (Formulaic)"


def test_an_act_and_its_output_are_one_step(rows: Rows) -> None:
    """The step has one edge from each source."""
    rows.run()
    rows.act("edit", graph.EDIT, graph.IDEA, title="重生之后", body="三")
    rows.artifact("later", graph.IDEA, {"artifactId": "ideas", "index": 0, "title": "又一版"})
    rows.transform("again", graph.HUMAN, {"ideas": "ideas[0]", "edit-made": "version"}, "later")

    edges = {(edge.source, edge.target) for edge in edges_of(rows.lineage())}

    assert edges == {
        ("brief", "run"), ("run", "ideas"), ("ideas", "edit"), ("ideas", "again"), ("edit", "again"),
    }  # fmt: skip


def test_each_step_links_to_its_subject(rows: Rows) -> None:
    """Ideas and acts link to the card on the project page; a run is opened by its id."""
    rows.run()
    rows.act("kept", graph.PICK, graph.VERDICT, 1, verdict="keep")

    links = {step.id: step.href for step in steps_of(rows.lineage(), "p1")}

    assert links == {
        "brief": "/projects/p1/brainstorm",
        "run": "",
        "ideas": "/projects/p1/brainstorm#idea-ideas-1",
        "kept": "/projects/p1/brainstorm#idea-ideas-2",
    }


def test_the_graph_opens_at_the_newest_batch(rows: Rows) -> None:
    """With its brief and acts where they fit, otherwise with fewer nodes; never at an old batch."""
    assert openings_of(rows.lineage()) == []
    rows.run()
    rows.act("kept", graph.PICK, graph.VERDICT, verdict="keep")
    rows.artifact("second-brief", graph.PARAMS, BRIEF)
    rows.artifact("second-ideas", graph.IDEAS, IDEAS)
    sources = {"second-brief": "params", "kept-made": "kept"}
    rows.transform("second", graph.LLM, sources, "second-ideas", params=BRIEF)
    rows.artifact(
        "version", graph.IDEA, {"artifactId": "second-ideas", "index": 1, "title": "改题", "body": "三"}
    )
    rows.transform("edit", graph.HUMAN, {"second-ideas": "ideas[1]"}, "version")

    openings = openings_of(rows.lineage())

    assert [{*opening} for opening in openings] == [
        {"second-brief", "second", "second-ideas", "edit"},
        {"second-brief", "second", "second-ideas"},
        {"second", "second-ideas"},
        {"second-ideas"},
    ]


@pytest.mark.parametrize(("status", "seen"), [("failed", "ideas"), ("streaming", "second-ideas")])
def test_the_graph_does_not_open_at_a_batch_that_failed_without_ideas(
    rows: Rows, status: str, seen: str
) -> None:
    """It does open at one that is being written, although this page does not stream its words."""
    rows.run()
    rows.artifact("second-brief", graph.PARAMS, BRIEF)
    rows.artifact("second-ideas", graph.IDEAS, {"ideas": []}, status)
    rows.transform("second", graph.LLM, {"second-brief": "params"}, "second-ideas", params=BRIEF)

    assert openings_of(rows.lineage())[-1] == [seen]


def test_an_act_with_missing_rows_has_a_general_text(rows: Rows) -> None:
    """Shapes arrive one by one."""
    rows.run()
    rows.act("edit", graph.EDIT, graph.IDEA, title="重生之后", body="三")
    rows.artifacts = rows.artifacts[:-1]

    assert rows.step("edit").zh == "小李 做了改动"
