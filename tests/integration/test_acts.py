"""Acts on an idea in common: who may perform them, on which ideas, and that every tab sees them."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from scriptwriter.domain.errors import UserError
from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.services.ideas import edits, keepers, verdicts
from scriptwriter.services.projects import open_tabs
from scriptwriter.sync.hub import Hub
from tests.support.batches import ONE, TWO, growing, written
from tests.support.flows import following
from tests.support.rooms import Room, make_room
from tests.support.rows import rows
from tests.support.shape_servers import SECRET, shape_server

Act = Callable[[str, IdeaRef, str], Awaitable[object]]

ACTS: dict[str, Act] = {
    "keep": lambda project, ref, who: verdicts.pick(project, ref, "keep", who),
    "pass": lambda project, ref, who: verdicts.pick(project, ref, "pass", who, "formulaic"),
    "take back": lambda project, ref, who: verdicts.pick(project, ref, "none", who),
    "edit": lambda project, ref, who: edits.edit(project, ref, "新题", "新的正文。", "", who),
    "restore": lambda project, ref, who: edits.restore(project, ref, "", "", who),
    "arrange": lambda project, ref, who: keepers.move(project, ref, None, who),
}
acts = pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)


def made_by_people(url: str) -> list[str]:
    """The types of the artifacts that people have made, sorted."""
    kinds = (
        "SELECT type FROM artifacts WHERE type NOT IN ('brainstorm_params', 'brainstorm_ideas') ORDER BY 1"
    )
    assert rows(url, "SELECT count(*) AS n FROM human_transforms") == [{"n": len(rows(url, kinds))}]
    return [row["type"].removeprefix("brainstorm_") for row in rows(url, kinds)]


@pytest.mark.parametrize("who", ["owner", "collaborator"])
async def test_owners_and_collaborators_may_act_on_ideas(connected: str, room: Room, who: str) -> None:
    """Each act is allowed on each finished idea, also while its run is still in progress."""
    attempt = await growing(room)

    for place in (0, 1):
        ref, edited = IdeaRef(attempt.artifact_id, place), ""
        for name, act in ACTS.items():
            if name == "restore":
                await edits.restore(room.project_id, ref, "", edited, getattr(room, who))
            else:
                done = await act(room.project_id, ref, getattr(room, who))
                edited = str(done) if name == "edit" else edited

    assert made_by_people(connected) == sorted(["idea", "idea", "order", "verdict", "verdict", "verdict"] * 2)


@acts
@pytest.mark.parametrize(("who", "code"), [("stranger", "project_not_found"), ("viewer", "not_allowed")])
async def test_viewers_and_strangers_cannot_act_on_ideas(
    connected: str, room: Room, act: Act, who: str, code: str
) -> None:
    """The act is refused with an error code, and nothing is written."""
    [ref, *_] = await written(room)

    with pytest.raises(UserError) as refusal:
        await act(room.project_id, ref, getattr(room, who))

    assert refusal.value.code == code
    assert made_by_people(connected) == []


@acts
async def test_acts_accept_only_finished_ideas_of_the_project(connected: str, room: Room, act: Act) -> None:
    """An unfinished idea, an idea of another project and an id that names no idea are all refused."""
    mine = (await growing(room)).artifact_id
    [foreign, *_] = await written(await make_room("other-"))
    [brief] = rows(
        connected,
        "SELECT id FROM artifacts WHERE type = 'brainstorm_params' AND project_id = %s",
        room.project_id,
    )
    wrong = [IdeaRef(mine, index) for index in (2, 3, 99, 100, -1)]
    wrong += [foreign, IdeaRef(brief["id"], 0)]
    wrong += [
        IdeaRef(artifact_id, 0) for artifact_id in ("", "nothing", f"{mine}\x00", "\ud800", mine + "#0")
    ]

    for ref in wrong:
        with pytest.raises(UserError) as refusal:
            await act(room.project_id, ref, room.owner)
        assert refusal.value.code == "idea_not_found", ref

    assert made_by_people(connected) == []


async def test_every_act_is_stored_as_a_human_transform_of_the_idea(connected: str, room: Room) -> None:
    """It is completed at once.

    Its context says who acted, and its description is a sentence for the history.
    """
    [one, *_] = await written(room)

    await verdicts.pick(room.project_id, one, "pass", room.collaborator, "formulaic")
    version = await edits.edit(room.project_id, one, "新题", "新的正文。", "", room.owner)
    await edits.restore(room.project_id, one, "", version, room.collaborator)
    await keepers.move(room.project_id, one, None, room.owner)

    acts = rows(
        connected, "SELECT * FROM transforms JOIN human_transforms ON id = transform_id ORDER BY created_at"
    )
    assert [(row["action_type"], row["change_description"]) for row in acts] == [
        ("pick_idea", "不要《重生之约》（太套路）"),
        ("edit_idea", "改写《重生之约》"),
        ("restore_idea", "恢复《重生之约》的原文"),
        ("arrange_keepers", "排列入选"),
    ]
    assert {(row["type"], row["status"], row["streaming_status"]) for row in acts} == {
        ("human", "completed", "completed")
    }
    contexts = [json.loads(row["execution_context"]) for row in acts]
    assert [each["startedBy"] for each in contexts] == ["Collaborator", "Owner", "Collaborator", "Owner"]
    assert [each["params"]["action"] for each in contexts] == [row["action_type"] for row in acts]
    for row in acts:
        links = rows(connected, "SELECT * FROM transform_inputs WHERE transform_id = %s", row["id"])
        assert [(link["artifact_id"], link["input_role"]) for link in links] == [
            (one.artifact_id, "ideas[0]")
        ]
        [link] = rows(
            connected,
            "SELECT o.*, a.type FROM transform_outputs o JOIN artifacts a ON a.id = artifact_id "
            "WHERE transform_id = %s",
            row["id"],
        )
        assert link["type"] == f"brainstorm_{link['output_role']}"
    assert version in [
        row["artifact_id"] for row in rows(connected, "SELECT artifact_id FROM transform_outputs")
    ]


@pytest.fixture(params=[True, False], ids=["sse", "long-poll"])
async def hub(connected: str, request: pytest.FixtureRequest) -> AsyncIterator[Hub]:
    """A hub over an embedded shape server that watches this test's database."""
    async with shape_server(connected) as url, Hub(url, SECRET, live_sse=request.param, linger=0.2) as hub:
        yield hub


async def test_an_act_reaches_every_follower_of_the_project(hub: Hub, room: Room) -> None:
    """Picks, versions, the order of kept ideas and presence arrive through the shapes."""
    [one, two, *_] = await written(room)

    async with following(hub, room.project_id) as follower:
        await open_tabs.renew(room.project_id, "a-tab", room.viewer)
        await verdicts.pick(room.project_id, one, "keep", room.owner)
        await verdicts.pick(room.project_id, two, "keep", room.collaborator)
        await verdicts.pick(room.project_id, one, "pass", room.collaborator, "结局太仓促")
        version = await edits.edit(room.project_id, one, "新题", "新的正文。", "", room.collaborator)
        await keepers.move(room.project_id, two, one, room.owner)
        # The version and its author arrive through two different shapes.
        flow = await follower.sees(
            lambda flow: (
                flow.keepers == (two, one)
                and flow.present
                and flow.batches[0].notes[0].newest.by == "Collaborator"
            )
        )

        notes = flow.batches[0].notes[0]
        assert [(pick.name, pick.verdict, pick.reason) for pick in notes.picks] == [
            ("Owner", "keep", ""),
            ("Collaborator", "pass", "结局太仓促"),
        ]
        original, edited = notes.versions
        assert (original.title, original.by, original.kind) == (ONE.title, "", "original")
        assert (edited.id, edited.title, edited.by, edited.kind) == (version, "新题", "Collaborator", "edit")
        assert [(person.name, person.editing) for person in flow.present] == [("Viewer", None)]

        await edits.restore(room.project_id, one, "", version, room.owner)
        await verdicts.pick(room.project_id, two, "none", room.collaborator)
        await open_tabs.leave("a-tab")
        flow = await follower.sees(lambda flow: not flow.present and flow.keepers == (one,))
        newest = (
            (await follower.sees(lambda flow: flow.batches[0].notes[0].newest.by == "Owner"))
            .batches[0]
            .notes[0]
        )
        assert len(newest.versions) == 3
        assert (newest.newest.title, newest.newest.by, newest.newest.kind) == (ONE.title, "Owner", "restore")
        assert flow.batches[0].ideas[:2] == (ONE, TWO)
