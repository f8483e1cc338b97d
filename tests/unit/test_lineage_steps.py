"""What each step of a project's lineage reads as, in both languages, and where it leads."""

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
    """The rows of a project, made one step after the other."""

    def __init__(self) -> None:
        self.artifacts: list[dict[str, Any]] = []
        self.transforms: list[dict[str, Any]] = []
        self.inputs: list[dict[str, Any]] = []
        self.outputs: list[dict[str, Any]] = []
        self._minute = 0

    def artifact(self, id: str, type: str, value: Any, status: str = "completed") -> None:
        """An artifact, one minute after what was made last."""
        self._minute += 1
        at = START + timedelta(minutes=self._minute)
        data = json.dumps(value)
        self.artifacts.append(
            {"id": id, "type": type, "data": data, "streaming_status": status, "created_at": at}
        )

    def transform(self, id: str, type: str, came: dict[str, str], made: str, **context: Any) -> None:
        """A transform of what `came` (artifacts with their roles) into what was made at the same time."""
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
            {"artifact_id": source, "transform_id": id, "input_role": role} for source, role in came.items()
        ]
        self.outputs.append({"artifact_id": made, "transform_id": id, "output_role": ""})

    def run(self, status: str = "completed", value: Any = IDEAS, **context: Any) -> None:
        """A brief, and a run that made ideas of it."""
        self.artifact("brief", graph.PARAMS, BRIEF)
        self.artifact("ideas", graph.IDEAS, value, "streaming" if status == "running" else status)
        context = {"params": BRIEF, "startedBy": "小王"} | context
        self.transform("run", graph.LLM, {"brief": "params"}, "ideas", status=status, **context)

    def act(self, id: str, action: str, type: str, index: int = 0, **value: Any) -> None:
        """What 小李 does with an idea."""
        if type != graph.ORDER:
            value = {"artifactId": "ideas", "index": index} | value
        self.artifact(f"{id}-made", type, value)
        came = {"ideas": f"ideas[{index}]"}
        self.transform(id, graph.HUMAN, came, f"{id}-made", startedBy="小李", params={"action": action})

    def lineage(self) -> Lineage:
        """What a page is made from."""
        return folded(lineage(self.artifacts, self.transforms, self.inputs, self.outputs))

    def step(self, id: str) -> StepView:
        """What the page holds of one step."""
        return next(step for step in steps_of(self.lineage(), "p1") if step.id == id)


@pytest.fixture
def rows() -> Rows:
    """Nothing yet."""
    return Rows()


def test_a_run_is_told_with_its_brief_and_its_ideas(rows: Rows) -> None:
    """The brief by its platform and genre, the run by model and time, the ideas by their number."""
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
    """Also before it has chosen its model."""
    rows.run(status)

    assert (rows.step("run").zh, rows.step("run").state) == (words, status)


def test_what_is_being_written_has_no_number_yet(rows: Rows) -> None:
    """It is counted when it is done."""
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
def test_a_run_that_begins_with_an_idea_names_it(rows: Rows, task: str, zh: str, en: str) -> None:
    """More like it, another title for it, one out of it and others."""
    sources = [{"ref": "ideas#0", "title": "重生之约", "body": "一"}]
    rows.run(model="m", params=BRIEF | {"task": task, "sources": sources})

    assert (rows.step("run").zh, rows.step("run").en) == (zh, en)


def test_what_people_did_names_them_and_the_idea(rows: Rows) -> None:
    """By the title that it had then: an edit changes what comes after it only."""
    rows.run()
    rows.act("kept", graph.PICK, graph.VERDICT, verdict="keep")
    rows.act("edit", graph.EDIT, graph.IDEA, title="重生之后", body="三")
    rows.act("passed", graph.PICK, graph.VERDICT, verdict="pass", reason="formulaic")
    rows.act("own", graph.PICK, graph.VERDICT, 1, verdict="pass", reason="看过了")
    rows.act("back", graph.PICK, graph.VERDICT, 1, verdict="none")
    rows.act("restored", graph.RESTORE, graph.IDEA, title="重生之约", body="一")
    rows.act("sorted", graph.ARRANGE, graph.ORDER, order=["ideas#0"])

    said = {step.id: (step.zh, step.source_zh) for step in steps_of(rows.lineage(), "p1")}

    assert {id: said[id] for id in ("kept", "edit", "passed", "own", "back", "restored", "sorted")} == {
        "kept": ("小李 留下《重生之约》", "《重生之约》"),
        "edit": ("小李 改写《重生之后》", "《重生之约》"),
        "passed": ("小李 不要《重生之后》（太套路）", "《重生之后》"),
        "own": ("小李 不要《逆袭时刻》（看过了）", "《逆袭时刻》"),
        "back": ("小李 收回对《逆袭时刻》的取舍", "《逆袭时刻》"),
        "restored": ("小李 恢复《重生之约》", "《重生之后》"),
        "sorted": ("小李 排序", "《重生之约》"),
    }
    assert rows.step("passed").en == "小李 passed on “重生之后” (Formulaic)"


def test_an_act_and_what_it_made_are_one_step(rows: Rows) -> None:
    """With one edge into it, from what it was about."""
    rows.run()
    rows.act("edit", graph.EDIT, graph.IDEA, title="重生之后", body="三")
    rows.artifact("later", graph.IDEA, {"artifactId": "ideas", "index": 0, "title": "又一版"})
    rows.transform("again", graph.HUMAN, {"ideas": "ideas[0]", "edit-made": "version"}, "later")

    edges = {(edge.source, edge.target) for edge in edges_of(rows.lineage())}

    assert edges == {
        ("brief", "run"), ("run", "ideas"), ("ideas", "edit"), ("ideas", "again"), ("edit", "again"),
    }  # fmt: skip


def test_each_step_leads_to_what_it_is_about(rows: Rows) -> None:
    """Ideas and acts to the sheet on the project's page; a run is opened by its id."""
    rows.run()
    rows.act("kept", graph.PICK, graph.VERDICT, 1, verdict="keep")

    led = {step.id: step.href for step in steps_of(rows.lineage(), "p1")}

    assert led == {
        "brief": "/projects/p1/brainstorm",
        "run": "",
        "ideas": "/projects/p1/brainstorm#idea-ideas-1",
        "kept": "/projects/p1/brainstorm#idea-ideas-2",
    }


def test_the_newest_batch_is_what_to_look_at_first(rows: Rows) -> None:
    """With its brief and what was done with it, and less and less of that; never an old batch."""
    assert openings_of(rows.lineage()) == []
    rows.run()
    rows.act("kept", graph.PICK, graph.VERDICT, verdict="keep")
    rows.artifact("second-brief", graph.PARAMS, BRIEF)
    rows.artifact("second-ideas", graph.IDEAS, IDEAS)
    came = {"second-brief": "params", "kept-made": "kept"}
    rows.transform("second", graph.LLM, came, "second-ideas", params=BRIEF)
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
def test_a_batch_that_failed_without_an_idea_is_no_sight(rows: Rows, status: str, seen: str) -> None:
    """One that is being written is, though its words are not followed here."""
    rows.run()
    rows.artifact("second-brief", graph.PARAMS, BRIEF)
    rows.artifact("second-ideas", graph.IDEAS, {"ideas": []}, status)
    rows.transform("second", graph.LLM, {"second-brief": "params"}, "second-ideas", params=BRIEF)

    assert openings_of(rows.lineage())[-1] == [seen]


def test_an_act_whose_rows_have_not_all_arrived_is_told_as_far_as_it_is_known(rows: Rows) -> None:
    """Shapes arrive one by one."""
    rows.run()
    rows.act("edit", graph.EDIT, graph.IDEA, title="重生之后", body="三")
    rows.artifacts = rows.artifacts[:-1]

    assert rows.step("edit").zh == "小李 做了改动"
