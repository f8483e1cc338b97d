"""Export and import of a project over HTTP."""

import json
from io import BytesIO
from urllib.parse import unquote

import docx

from scriptwriter.domain.idea_acts import IdeaRef
from scriptwriter.services.ideas import edits, keepers, verdicts
from scriptwriter.services.projects import catalog
from scriptwriter.services.runs import starting
from scriptwriter.services.transfer.file_format import MOST_BYTES
from scriptwriter.worker.run import run
from tests.support.model_server import ModelServer, ideas_text, spoken
from tests.support.programs import client, problem, program_of
from tests.support.rooms import BRIEF, Room
from tests.support.rows import rows


async def _room_with_keepers(server: ModelServer, room: Room, url: str) -> None:
    """A run of three ideas. The third and the edited first are kept, in this order."""
    server.answers(spoken(ideas_text([1, 2, 3])))
    await run(await starting.start(room.project_id, BRIEF, room.owner))
    [artifact] = rows(url, "SELECT id FROM artifacts WHERE type = 'brainstorm_ideas'")
    first, third = IdeaRef(artifact["id"], 0), IdeaRef(artifact["id"], 2)
    await edits.edit(room.project_id, first, "改过的题目", "改过的正文。", "", room.collaborator)
    for ref in (first, third):
        await verdicts.pick(room.project_id, ref, "keep", room.owner)
    await keepers.move(room.project_id, third, first, room.owner)


async def test_kept_ideas_are_exported_as_text_in_their_order(
    server: ModelServer, room: Room, connected: str
) -> None:
    """They have their newest texts. The answer is a download that ends with the label AI 生成."""
    await _room_with_keepers(server, room, connected)

    async with program_of(room.viewer) as http:
        answer = await http.get(
            f"/api/projects/{room.project_id}/export", params={"format": "text", "language": "zh"}
        )

    assert answer.status_code == 200
    assert answer.text.startswith("1. 故事3号\n") and "\n\n2. 改过的题目\n改过的正文。\n" in answer.text
    assert answer.text.endswith("\n\nAI 生成\n")
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
    assert "no-store" in answer.headers["cache-control"]


async def test_an_exported_file_is_named_after_its_project(connected: str, room: Room) -> None:
    """Characters that could form a path, a second header or a change of text direction are replaced."""
    await catalog.change(room.project_id, room.owner, name='夏天, 第 "1" 季: ../a\\b?\u202etxt.exe')

    async with program_of(room.viewer) as http:
        answer = await http.get(f"/api/projects/{room.project_id}/export", params={"format": "json"})

    encoded = answer.headers["content-disposition"].removeprefix("attachment; filename*=UTF-8''")
    assert unquote(encoded) == "夏天, 第 _1_ 季_ .._a_b_txt.exe.json"


async def test_all_ideas_are_exported_as_markdown_with_their_brief(
    server: ModelServer, room: Room, connected: str
) -> None:
    """The text is in English, and the request leaves the AI label out."""
    await _room_with_keepers(server, room, connected)
    wish = {"format": "markdown", "ideas": "all", "mark": "false", "language": "en"}

    async with program_of(room.owner) as http:
        text = (await http.get(f"/api/projects/{room.project_id}/export", params=wish)).text

    assert "**Platform**: Douyin" in text and "## 2. 故事2号" in text and "*Kept by Owner*" in text
    assert "AI-generated" not in text


async def test_an_exported_word_file_can_be_opened(server: ModelServer, room: Room, connected: str) -> None:
    """It has a title page and a heading for each idea."""
    await _room_with_keepers(server, room, connected)

    async with program_of(room.owner) as http:
        answer = await http.get(f"/api/projects/{room.project_id}/export", params={"format": "word"})

    file = docx.Document(BytesIO(answer.content))
    assert file.paragraphs[0].text == "一个项目"
    assert [each.text for each in file.paragraphs if each.style and each.style.name == "Heading 1"] == [
        "1. 故事3号",
        "2. 改过的题目",
    ]


async def test_an_exported_project_can_be_imported_by_somebody_else(
    server: ModelServer, room: Room, connected: str
) -> None:
    """The copy belongs to the importer, exports to the same file, and has the same kept ideas."""
    await _room_with_keepers(server, room, connected)
    async with program_of(room.owner) as http, program_of(room.stranger) as stranger:
        file = await http.get(f"/api/projects/{room.project_id}/export", params={"format": "json"})

        made = await stranger.post("/api/projects/import", content=file.content)

        project_id = made.json()["projectId"]
        path = f"/api/projects/{project_id}/export"
        copy = await stranger.get(path, params={"format": "json"})
        text = await stranger.get(path, params={"format": "text"})
    assert (made.status_code, copy.content) == (201, file.content)
    assert text.text.startswith("1. 故事3号\n") and "2. 改过的题目" in text.text


async def test_export_needs_a_member_and_import_needs_a_signed_in_person(room: Room) -> None:
    """Others receive 404 and 401."""
    async with program_of(room.stranger) as stranger, client() as nobody:
        answers = [
            *[
                await stranger.get(f"/api/projects/{room.project_id}/export", params={"format": form})
                for form in ("text", "markdown", "word", "json")
            ],
            await nobody.post("/api/projects/import", content=b"{}"),
        ]

    assert [answer.status_code for answer in answers] == [404] * 4 + [401]


async def test_an_unreadable_file_is_refused_with_400_and_a_large_one_with_413(
    server: ModelServer, room: Room, connected: str
) -> None:
    """The answer names the place in the file, in the reader's language."""
    await _room_with_keepers(server, room, connected)
    async with program_of(room.owner) as http:
        file = (await http.get(f"/api/projects/{room.project_id}/export", params={"format": "json"})).json()
        [number] = [n for n, row in enumerate(file["artifacts"]) if row["type"] == "brainstorm_ideas"]
        data = json.loads(file["artifacts"][number]["data"])
        data["ideas"][2]["body"] = ["x"]
        file["artifacts"][number]["data"] = json.dumps(data)
        place = f"artifacts[{number}].data.ideas[2].body"

        wrong = await http.post("/api/projects/import", content=json.dumps(file))
        chinese = await http.post(
            "/api/projects/import", content=json.dumps(file), headers={"accept-language": "zh"}
        )
        other = await http.post("/api/projects/import", content=json.dumps({"format": "x"}))
        huge = await http.post("/api/projects/import", content=b" " * (MOST_BYTES + 100_000))

    assert problem(wrong) == problem(other) == (400, "file_unreadable")
    assert wrong.json()["errors"] == {place: ["the value is not valid"]}
    assert chinese.json()["errors"] == {place: ["内容不合要求"]}
    assert place in wrong.json()["message"] and "什么都没有改变" in chinese.json()["message"]
    assert problem(huge) == (413, "body_too_large")


async def test_the_openapi_document_lists_the_refusals_of_an_import() -> None:
    """Among them 400 with the place, and 429 while another import of the person is running."""
    async with client() as http:
        document = (await http.get("/api/openapi.json")).json()

    answers = document["paths"]["/api/projects/import"]["post"]["responses"]
    assert "place" in answers["400"]["description"]
    assert {"201", "400", "401", "403", "413", "429"} <= {*answers}
