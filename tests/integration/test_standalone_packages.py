"""The protocol client and the embedded servers run outside of this project, by the code in their READMEs."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from scriptwriter.embedded.shapes.shape_process import ShapeServerProcess
from tests.support import postgres

ROOT = Path(__file__).parents[2]
PACKAGES = ["electric", "embedded/postgres", "embedded/shapes"]
OF_THIS_APPLICATION = re.compile(
    r"scriptwriter|编剧|project_id|projects_users|artifact|transform|brainstorm", re.I
)


@pytest.fixture
def outside_folder() -> Iterator[Path]:
    """A folder outside of this project, which every account can enter."""
    folder = Path(tempfile.mkdtemp(prefix="standalone-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        postgres.stop(folder / "data")
        shutil.rmtree(folder)


def first_line(outside_folder: Path, package: str, **environment: str) -> str:
    """The first line that the code in a package's README prints, run beside a copy of the package."""
    folder = ROOT / "scriptwriter" / package
    shutil.copytree(folder, outside_folder / folder.name)
    [code] = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.S)
    (outside_folder / "use.py").write_text(code)
    outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with subprocess.Popen(
        [sys.executable, "use.py"],
        cwd=outside_folder,
        env=outside | environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        process.terminate()
    return line


def test_the_postgres_package_runs_alone(outside_folder: Path) -> None:
    """Its code starts a server in a new folder."""
    assert first_line(outside_folder, "embedded/postgres") == "(1,)"


def test_the_shapes_package_runs_alone(outside_folder: Path, empty_database: str) -> None:
    """Its code serves a database and reads a row."""
    line = first_line(outside_folder, "embedded/shapes", DATABASE_URL=empty_database)

    assert line == "{'id': '1', 'body': 'hello'}"


async def test_the_electric_package_runs_alone(outside_folder: Path, empty_database: str) -> None:
    """Its code follows a table."""
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("CREATE TABLE notes (id int PRIMARY KEY, body text)")
        connection.execute("INSERT INTO notes VALUES (1, 'one'), (100, 'not in the shape')")
    async with ShapeServerProcess(empty_database) as shapes:
        line = first_line(outside_folder, "electric", ELECTRIC_URL=shapes.url, ELECTRIC_SECRET=shapes.secret)

    assert line == "['one']"


@pytest.mark.parametrize("package", PACKAGES)
def test_no_package_contains_a_name_of_this_application(package: str) -> None:
    """This covers code, SQL and READMEs."""
    files = [
        path for path in (ROOT / "scriptwriter" / package).rglob("*") if path.suffix in (".py", ".sql", ".md")
    ]

    assert len(files) > 5
    for path in files:
        assert not OF_THIS_APPLICATION.findall(path.read_text()), path
