"""No secret of the operator leaves the server: in a log, an error, a var, a response, or a built file."""

import re
from pathlib import Path

import pytest

from scriptwriter.services.accounts import sessions
from scriptwriter.services.runs import starting
from scriptwriter.web.event_signatures import states
from scriptwriter.web.page_table import ROUTES
from scriptwriter.web.room.room_state import BrainstormState
from tests.security.conftest import Published
from tests.security.test_routes import ALL
from tests.support.model_server import ideas_text, refused, spoken
from tests.support.page_sockets import named, page_socket, project_place
from tests.support.rooms import BRIEF, Room


async def test_no_secret_leaves_the_server(published: Published, populated: Room) -> None:
    """Use the application, let the model fail with errors that quote the key, and search all output."""
    marks, room = published.marks, populated
    key = marks["OPENAI_API_KEY"]
    published.model.answers(
        refused(401, f"Incorrect API key provided: {key}", code="invalid_api_key"),
        refused(500, f"upstream said {key} {published.model.url}"),
        spoken(ideas_text([1, 2, 3])),
    )
    received = ""
    async with page_socket(published.url, await sessions.open_session(room.owner)) as page:
        project_id = populated.project_id
        place = project_place(project_id)
        await page.boot(place)
        await page.send(named(BrainstormState, "watch"), place=place)
        for text in ("密钥无效", "故事3号"):
            await starting.start(project_id, BRIEF, room.owner)
            await page.until(lambda text=text: text in page.heard)
        received += page.heard
    async with published.client() as client:
        paths = [route.address for route in ROUTES] + [name.split(" ")[1] for name in ALL]
        for path in paths:
            for headers in ({}, {"Authorization": f"Bearer {marks['METRICS_TOKEN']}"}):
                answer = await client.get(path, headers=headers)
                received += f"{answer.headers}{answer.text}"
    assert published.model.exchanges[-1].headers["authorization"] == f"Bearer {key}"
    assert "scriptwriter_generations" in received, "the metrics were read, by their token"

    log = published.web.log.read_text(errors="replace")
    assert "key_rejected" in log, "the failure that quotes the key was logged"
    built = _texts(published.folder / "web")
    for name, mark in marks.items():
        assert mark not in received, f"{name} was sent to a browser"
        assert mark not in log, f"{name} is in the log"
        assert [path for path, text in built.items() if mark in text] == [], f"{name} is in a built file"


async def test_built_pages_do_not_contain_the_model_endpoint(published: Published, populated: Room) -> None:
    """The operator sets the endpoint; no page shows or accepts it."""
    pages = "".join(text for path, text in _texts(published.folder / "web" / "build").items())

    assert published.model.url not in pages
    assert "OPENAI" not in pages


@pytest.mark.parametrize("state", list(states()), ids=lambda state: state.__name__)
def test_no_var_of_a_state_is_named_like_a_secret(state) -> None:
    """Every var without a leading underscore is sent to the browser."""
    suspicious = re.compile(r"secret|password|api_?key|base_?url|credential|hash|cookie", re.IGNORECASE)

    assert [name for name in state.vars if suspicious.search(name) and not name.startswith("_")] == []


def _texts(folder: Path) -> dict[Path, str]:
    """Every file that the build produced or read, by path."""
    return {
        path: path.read_text(errors="replace")
        for path in folder.rglob("*")
        if path.is_file() and "node_modules" not in path.parts and path.suffix != ".gz"
    }
