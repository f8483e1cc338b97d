"""Starting and stopping the whole application, as a person at a terminal does."""

from pathlib import Path

import psutil
import psycopg

from scriptwriter.embedded import postgres
from tests.support.waiting import wait_until
from tests.support.web import production_build


def of(folder: Path) -> list[psutil.Process]:
    """Every process that works in `folder`, detached ones included."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and str(folder) in " ".join(process.cmdline()):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def test_ctrl_c_leaves_no_process_and_the_next_start_finds_the_data(tmp_path: Path) -> None:
    """Web process, shape server, worker, supervisor and Postgres all end; the rows stay."""
    data = tmp_path / "data"
    settings = {"SCRIPTWRITER_DATA_DIR": str(data)}
    for unset in ("DATABASE_URL", "ELECTRIC_URL", "ELECTRIC_SECRET"):
        settings[unset] = ""
    with production_build(tmp_path, settings) as running:
        with postgres.attach(data / "postgres") as server, psycopg.connect(server.url()) as connection:
            connection.execute("INSERT INTO users (id, username) VALUES ('kept', 'kept')")
        assert of(data)

        assert running.stop() == []

    wait_until(lambda: not of(data))
    with postgres.attach(data / "postgres") as server, psycopg.connect(server.url()) as connection:
        names = connection.execute("SELECT username FROM users ORDER BY username").fetchall()
    assert names == [("kept",), ("testuser",)]
    wait_until(lambda: not of(data))
