"""The notes of each idea in a flow: its versions, the picks of all members, and the idea that
it is close to.
"""

import asyncio
import json

from scriptwriter.domain.idea_acts import IdeaRef, Version
from scriptwriter.sync.close_ideas import CloseIdeas, CloseIdeaSearch
from scriptwriter.sync.idea_notes import IdeaNotes
from scriptwriter.sync.project_flow import ProjectFlow
from tests.support.shape_rows import (
    ONE,
    Row,
    act,
    artifact,
    joined,
    member,
    moment,
    order,
    output,
    tab,
    transform,
    verdict,
    version,
)
from tests.support.waiting import LIMIT

STORY = "她醒来时回到十年前签离婚协议的那个下午，只要了那间亏损的老酱油坊，半年后假账从缸底挖出，他跪着求和。"
RETOLD = (
    "醒来时她回到了十年前签离婚协议的下午，什么都不争，只要那间亏损的酱油坊，半年后缸底挖出假账，他来求和。"
)
OTHER = "外卖骑手每晚给不存在的十三层送夜宵，直到他在门缝里看见一间儿童房，和十年前失踪女孩的书包。"


def two_ideas(*acts: tuple[Row, Row]) -> ProjectFlow:
    """The flow of one batch of two ideas; each act is a transform and its output."""
    ideas = artifact(data=json.dumps({"ideas": [ONE, {"title": "逆袭", "body": "他当众揭开真相。"}]}))
    numbers = [int(transform["id"][1:]) for transform, _ in acts]
    return joined(
        [transform(), *(each for each, _ in acts)],
        [output(), *map(output, numbers)],
        [ideas, *(made for _, made in acts)],
    )


def notes(flow: ProjectFlow, place: int = 0) -> IdeaNotes:
    """The notes of an idea of the oldest batch."""
    return flow.batches[-1].notes[place]


def test_an_untouched_idea_has_only_its_original_version() -> None:
    """The version has no author, and the time at which the model began."""
    found = notes(two_ideas())

    assert found == IdeaNotes((Version("", ONE["title"], ONE["body"], "", moment(1), "original"),))
    assert found.newest.id == ""


def test_versions_are_in_the_order_in_which_they_were_saved() -> None:
    """Each with its author; the last one is current."""
    flow = two_ideas(
        (act(3, "restore_idea", by="小李"), version(3, "重生之约", base="a2")),
        (act(2), version(2, "十年之前")),
        (act(4), version(4, "别的", "a1#1")),
    )

    assert [(each.id, each.title, each.by, each.kind) for each in notes(flow).versions] == [
        ("", "重生之约", "", "original"),
        ("a2", "十年之前", "小王", "edit"),
        ("a3", "重生之约", "小李", "restore"),
    ]
    assert notes(flow, 1).newest.title == "别的"


def test_a_version_that_is_being_written_is_ignored() -> None:
    """A model may write a version, which counts once it is complete."""
    unfinished = version(2, "半个") | {"streaming_status": "streaming"}

    assert len(notes(two_ideas((transform(2), unfinished))).versions) == 1


def test_one_keep_is_enough_and_all_picks_are_listed() -> None:
    """A pass does not undo the keep of another person."""
    flow = two_ideas(
        (act(2), verdict(2, "keep")),
        (act(3), verdict(3, "pass", by="小李", reason="off_platform")),
        (act(4), verdict(4, "pass", "a1#1", by="小李")),
    )

    assert [(pick.name, pick.verdict, pick.reason) for pick in notes(flow).picks] == [
        ("小王", "keep", ""),
        ("小李", "pass", "off_platform"),
    ]
    assert flow.keepers == (IdeaRef("a1", 0),)
    mine = notes(flow).pick_of("小李")
    assert mine is not None and mine.verdict == "pass" and notes(flow).pick_of("小陈") is None


def test_kept_ideas_are_in_the_newest_order() -> None:
    """Ideas kept later come last."""
    kept = [(act(2), verdict(2, "keep")), (act(3), verdict(3, "keep", "a1#1"))]

    flow = two_ideas(*kept, (act(4), order(4, "a1#1", "a1#0", "elsewhere#3")))

    assert [str(ref) for ref in two_ideas(*kept).keepers] == ["a1#0", "a1#1"]
    assert [str(ref) for ref in flow.keepers] == ["a1#1", "a1#0"]


def test_an_idea_whose_rows_are_missing_is_not_listed_as_kept() -> None:
    """Its rows may arrive later, through another shape."""
    flow = two_ideas((act(2), verdict(2, "keep", "elsewhere#0")), (act(3), verdict(3, "keep", "a1#7")))

    assert flow.keepers == ()


async def compared(search: CloseIdeaSearch, notified: asyncio.Event, flow: ProjectFlow) -> CloseIdeas:
    """Compare the ideas of a flow, and return all known close ideas."""
    notified.clear()
    search.update(flow.batches)
    async with asyncio.timeout(LIMIT):
        await notified.wait()
    return search.found


async def test_a_retelling_of_an_earlier_idea_is_close_to_it() -> None:
    """Of an earlier or the same batch; it is named by its current title."""
    batches = [
        artifact(1, data=json.dumps({"ideas": [{"title": "酱油坊", "body": STORY}]})),
        artifact(2, data=json.dumps({"ideas": [{"title": "十三层", "body": OTHER}, ONE]})),
        artifact(
            3,
            data=json.dumps({"ideas": [{"title": "夜宵", "body": OTHER}, {"title": "缸", "body": RETOLD}]}),
        ),
        version(4, "老酱油坊"),
    ]

    tables = ([transform(1), transform(2), transform(3), act(4)], [*map(output, range(1, 5))], batches)
    notified = asyncio.Event()
    close_to = await compared(CloseIdeaSearch("p", asyncio.Lock(), notified.set), notified, joined(*tables))
    flow = joined(*tables, close=close_to)

    newest, middle, oldest = flow.batches
    close = {
        place: (str(each.close_to.ref), each.close_to.title)
        for place, each in newest.notes.items()
        if each.close_to
    }
    assert close == {0: ("a2#0", "十三层"), 1: ("a1#0", "老酱油坊")}
    assert all(each.close_to is None for batch in (middle, oldest) for each in batch.notes.values())


async def test_an_idea_added_to_an_older_batch_is_compared_with_later_ones() -> None:
    """Only the ideas after it are compared again."""
    ideas = [{"title": "酱油坊", "body": STORY}, {"title": "十三层", "body": OTHER}]
    later = artifact(2, data=json.dumps({"ideas": [{"title": "夜宵", "body": OTHER}]}))
    tables = ([transform(1), transform(2)], [output(1), output(2)])
    first = artifact(1, data=json.dumps({"ideas": ideas[:1]}))
    notified = asyncio.Event()
    search = CloseIdeaSearch("p", asyncio.Lock(), notified.set)
    assert await compared(search, notified, joined(*tables, [first, later])) == {}

    whole = artifact(1, data=json.dumps({"ideas": ideas}))
    close = await compared(search, notified, joined(*tables, [whole, later]))

    assert close == {"a2": ((0, (IdeaRef("a1", 1), "十三层")),)}


def test_a_member_is_present_once_with_what_they_edit() -> None:
    """With any number of tabs; somebody who is no longer a member is not present."""
    tabs = [
        tab("3", "小王"),
        tab("1", "小王", "a1#0"),
        tab("2", "小李"),
        tab("4", "小陈"),
        tab("5", "小李", "?"),
    ]

    flow = joined([], [], [], [member("小王"), member("小李")], tabs)

    assert [(each.name, each.editing) for each in flow.present] == [
        ("小李", None),
        ("小王", IdeaRef("a1", 0)),
    ]


def test_unchanged_notes_are_the_same_object_in_the_next_flow() -> None:
    """So a new word of a draft creates no notes, and comparing two flows is fast."""
    tables = ([transform()], [output()], [artifact(), verdict(2, "keep")])

    assert joined(*tables).batches[0].notes is joined(*tables).batches[0].notes


def test_a_viewer_without_an_id_is_not_taken_for_a_person_without_one() -> None:
    """People from an imported file have a name and no id."""
    value = {"artifactId": "a1", "index": 0, "name": "小王", "verdict": "keep"}
    named = artifact(2, type="brainstorm_verdict", data=json.dumps(value))

    [batch] = joined([transform()], [output()], [artifact(), named]).batches

    assert [pick.name for pick in batch.notes[0].picks] == ["小王"]
    assert batch.notes[0].pick_of("") is None
