"""Makes pictures of every page into test-artifacts/: `uv run python -m tests.screens [zh|en …]`.

Each in both languages, on a desk and on a phone, by day and by night.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from scriptwriter.operations.backing import database_server
from scriptwriter.settings import Settings
from scriptwriter.store.database import connect
from tests.support.browsers import browser
from tests.support.budgets import UNLIMITED
from tests.support.model_server import ModelServer
from tests.support.people import SCREENSHOTS, Person
from tests.support.walk import walk
from tests.support.web import Web, production_build


async def look(web: Web, model: ModelServer, data: str, languages: list[str]) -> None:
    """Walk through all pages of `web`, whose database is in the folder `data`, with a camera."""
    place = Settings.model_validate({"SCRIPTWRITER_DATA_DIR": data})
    async with database_server(place) as url, browser() as chromium:
        connection = connect(url)
        for language in languages:

            async def photograph(person: Person, name: str, language: str = language) -> None:
                await person.takes_pictures(f"{language}-{name}")

            await walk(web, model, chromium, language, photograph)
        await connection.close()


def main() -> None:
    """Build, run, look."""
    os.environ["SCRIPTWRITER_TEST_PICTURES"] = "yes"
    with tempfile.TemporaryDirectory() as folder, ModelServer() as model:
        data = f"{folder}/data"
        settings = {
            "SCRIPTWRITER_DATA_DIR": data,
            "EMBEDDED_WORKER": "true",
            "OPENAI_BASE_URL": model.url,
            "OPENAI_MODEL": "a-model",
            **UNLIMITED,
        }
        with production_build(Path(folder), settings) as web:
            asyncio.run(look(web, model, data, sys.argv[1:] or ["zh", "en"]))
    print(f"{len([*SCREENSHOTS.glob('*.png')])} pictures are in {SCREENSHOTS}")


if __name__ == "__main__":
    main()
