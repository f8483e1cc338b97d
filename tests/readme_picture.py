"""Makes docs/room.jpg, the picture in README.md: `uv run --group test python -m tests.readme_picture`.

The demo model writes ideas, and a person and a colleague keep the first one.
"""

import asyncio
import re
import tempfile
from pathlib import Path

from playwright.async_api import ViewportSize, expect

from scriptwriter.operations.backing import database_server
from scriptwriter.services.projects import catalog
from scriptwriter.settings import Settings
from scriptwriter.store.database import connect
from tests.support.browsers import browser
from tests.support.people import colleague_of, newcomer
from tests.support.web import ROOT, Web, production_build

PICTURE = ROOT / "docs" / "room.jpg"
SIZE, QUALITY = ViewportSize(width=1280, height=1060), 80
"""The size in pixels, and the JPEG quality from 0 to 100."""


async def take_picture(web: Web, data: str) -> None:
    """Play the scene on `web`, whose database is in the folder `data`, and take the picture."""
    settings = Settings.model_validate({"SCRIPTWRITER_DATA_DIR": data})
    async with database_server(settings) as url, browser() as chromium:
        connection = connect(url)
        person, user = await newcomer(chromium, web.url, "林夏")
        project_id = await catalog.create(user, "夏天的短剧")
        colleague = await colleague_of(project_id, chromium, web.url, "周渡")
        await colleague.visit(project_id)
        await person.visit(project_id)
        await person.page.locator("#genre").fill("穿越, 爽文")
        await person.page.get_by_test_id("submit-brief").click()
        await expect(person.finished).to_have_count(1)
        await person.does("keep", 0)
        await person.page.get_by_test_id("undo-notice").get_by_role("button").last.click()
        await colleague.does("keep", 0)
        await expect(person.finished).to_have_count(3)
        await expect(person.ideas.nth(3)).to_contain_text(re.compile(r"[。，].{12}"))
        await person.page.set_viewport_size(SIZE)
        await person.page.evaluate("scrollTo(0, 0)")
        await person.page.screenshot(path=PICTURE, type="jpeg", quality=QUALITY, animations="disabled")
        await connection.close()


def main() -> None:
    """Build the pages, run the application, and take the picture."""
    with tempfile.TemporaryDirectory() as folder:
        data = f"{folder}/data"
        demo = dict.fromkeys(("OPENAI_API_KEY", "OPENAI_BASE_URL", "MODELS"), "")
        settings = {"SCRIPTWRITER_DATA_DIR": data, "EMBEDDED_WORKER": "true", **demo}
        with production_build(Path(folder), settings) as web:
            asyncio.run(take_picture(web, data))
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
