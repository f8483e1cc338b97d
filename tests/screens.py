"""Takes screenshots of every page into test-artifacts/: `uv run python -m tests.screens [zh|en …]`.

In both languages, in the sizes of a desktop and a phone, in both colour schemes.
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


async def take_pictures(web: Web, model: ModelServer, data: str, languages: list[str]) -> None:
    """Visit all pages of `web`, whose database is in the folder `data`, and take screenshots."""
    place = Settings.model_validate({"SCRIPTWRITER_DATA_DIR": data})
    async with database_server(place) as url, browser() as chromium:
        connection = connect(url)
        for language in languages:

            async def photograph(person: Person, name: str, language: str = language) -> None:
                await person.takes_pictures(f"{language}-{name}")

            await walk(web, model, chromium, language, photograph)
        await connection.close()


def main() -> None:
    """Build the pages, run the application, and take the screenshots."""
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
            asyncio.run(take_pictures(web, model, data, sys.argv[1:] or ["zh", "en"]))
    print(f"{len([*SCREENSHOTS.glob('*.png')])} pictures are in {SCREENSHOTS}")


if __name__ == "__main__":
    main()
