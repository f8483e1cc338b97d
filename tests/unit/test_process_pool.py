"""Work that needs seconds of CPU, in a process of its own."""

import asyncio
import os
import pickle
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scriptwriter import lifespan
from scriptwriter.api.middleware import shutdown
from scriptwriter.domain.errors import EditedMeanwhile, UserError
from scriptwriter.operations import process_pool
from tests.support import heavy_jobs
from tests.support.waiting import LIMIT, eventually


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    """No child outlives a test."""
    yield
    process_pool.close()


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def test_a_job_runs_in_another_process_which_does_the_next_one_too() -> None:
    """The first job starts the child."""
    pid, _, _ = await process_pool.run("ann", heavy_jobs.who)
    again, _, _ = await process_pool.run("ann", heavy_jobs.who)

    assert os.getpid() != pid == again


async def test_a_child_knows_no_secret_no_reflex_and_no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets its job, and nothing else."""
    monkeypatch.setenv("DATABASE_URL", "postgres://secret")

    _, modules, environment = await process_pool.run("ann", heavy_jobs.who)

    assert "DATABASE_URL" not in environment
    assert not {"reflex", "psycopg", "sqlalchemy", "scriptwriter.settings"} & {*modules}


async def test_the_loop_goes_on_while_a_child_holds_its_interpreter() -> None:
    """One regular expression that backtracks for years stops nobody, and is killed with its caller."""
    job = asyncio.create_task(process_pool.run("ann", heavy_jobs.backtrack))
    pid, _, _ = await process_pool.run("bob", heavy_jobs.who)
    assert not job.done()

    job.cancel()
    await asyncio.wait([job])

    assert job.cancelled()
    assert (await process_pool.run("bob", heavy_jobs.who))[0] == pid


async def test_a_job_beyond_its_time_is_ended_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel ends the child, also inside one call; the next job gets a new one."""
    monkeypatch.setattr(process_pool, "SECONDS", 0.5)

    with pytest.raises(UserError, match="too_much_work"):
        await process_pool.run("ann", heavy_jobs.backtrack)

    assert await process_pool.run("ann", heavy_jobs.echo, b"next") == b"next"


@pytest.mark.parametrize("work", [heavy_jobs.grow, heavy_jobs.die])
async def test_a_job_beyond_its_memory_is_ended_in_a_sentence(work: Callable[[], object]) -> None:
    """Whether the child notices, or the kernel ends it."""
    with pytest.raises(UserError, match="too_much_work"):
        await process_pool.run("ann", work)

    assert await process_pool.run("ann", heavy_jobs.echo, b"next") == b"next"


async def test_an_error_for_a_person_comes_back_as_it_was() -> None:
    """With its parameters."""
    with pytest.raises(UserError) as raised:
        await process_pool.run("ann", heavy_jobs.refuse)

    assert (raised.value.code, raised.value.params) == ("username_length", {"least": 2, "most": 30})


async def test_a_fault_comes_back_with_its_trace() -> None:
    """For the log; the child goes on."""
    with pytest.raises(RuntimeError, match="ValueError: a fault"):
        await process_pool.run("ann", heavy_jobs.fail)


async def test_twenty_megabytes_go_there_and_back() -> None:
    """What a job prints does not get between."""
    content = os.urandom(20_000_000)

    assert await process_pool.run("ann", heavy_jobs.echo, content) == content


async def test_an_idle_child_that_ends_costs_no_job() -> None:
    """A new one does it."""
    first, _, _ = await process_pool.run("ann", heavy_jobs.who)
    os.kill(first, 9)

    second, _, _ = await process_pool.run("ann", heavy_jobs.who)

    assert first != second


async def test_a_person_has_one_job_at_a_time_and_a_few_that_wait(tmp_path: Path) -> None:
    """What would be one more is refused in a sentence."""
    file, until = tmp_path / "lines", tmp_path / "go"
    jobs = [asyncio.create_task(process_pool.run("ann", heavy_jobs.note, file, "ann", until))]
    await eventually(file.exists)
    jobs += [
        asyncio.create_task(process_pool.run("ann", heavy_jobs.note, file, "ann", until))
        for _ in range(process_pool.WAITING_OF_ONE)
    ]
    await asyncio.sleep(0)

    with pytest.raises(UserError, match="busy_with_yours"):
        await process_pool.run("ann", heavy_jobs.echo, b"")
    await process_pool.run("bob", heavy_jobs.note, file, "bob")

    assert file.read_text().split() == ["ann", "bob"]
    until.touch()
    await asyncio.gather(*jobs)


async def test_whoever_was_served_longest_ago_is_next(tmp_path: Path) -> None:
    """One person's many jobs go between other people's, not before them."""
    file, until = tmp_path / "lines", tmp_path / "go"
    held = [
        asyncio.create_task(process_pool.run(name, heavy_jobs.note, file, name, until))
        for name in ("ann", "bob")
    ]
    await eventually(lambda: file.exists() and len(file.read_text().split()) == 2)
    waiting = [
        asyncio.create_task(process_pool.run(name, heavy_jobs.note, file, name))
        for name in ("ann", "ann", "ann", "cem", "dee")
    ]
    await asyncio.sleep(0)

    held[1].cancel()
    await asyncio.gather(*waiting[3:])

    assert file.read_text().split()[2:] == ["cem", "dee"]
    until.touch()
    await asyncio.gather(held[0], *waiting)


async def test_close_ends_busy_and_idle_children_and_whoever_waits(tmp_path: Path) -> None:
    """Nothing is left when the application ends."""
    file = tmp_path / "lines"
    jobs = [asyncio.create_task(process_pool.run("ann", heavy_jobs.note, file, "ann", tmp_path / "never"))]
    await eventually(file.exists)
    jobs.append(asyncio.create_task(process_pool.run("ann", heavy_jobs.note, file, "late")))
    idle, _, _ = await process_pool.run("bob", heavy_jobs.who)

    process_pool.close()

    for job in jobs:
        with pytest.raises(UserError, match="service_away"):
            await job
    assert gone(idle) and file.read_text().split() == ["ann"]
    assert await process_pool.run("ann", heavy_jobs.echo, b"next") == b"next"


async def test_a_process_that_is_asked_to_stop_waits_for_no_job(tmp_path: Path) -> None:
    """Its server waits for the requests that are open."""
    file = tmp_path / "lines"
    with shutdown.on_signals():
        stopping = asyncio.create_task(lifespan._stop_heavy_work())
        job = asyncio.create_task(process_pool.run("ann", heavy_jobs.note, file, "ann", tmp_path / "never"))
        await eventually(file.exists)

        os.kill(os.getpid(), signal.SIGTERM)

        with pytest.raises(UserError, match="service_away"):
            await asyncio.wait_for(job, LIMIT)
        await stopping


def test_every_error_for_a_person_passes_between_processes() -> None:
    """Also one whose class asks for more when it is made."""
    there = EditedMeanwhile("ann", "v", "title", "body")
    back = pickle.loads(pickle.dumps(there))

    assert (type(back), back.__dict__, str(back)) == (type(there), there.__dict__, str(there))
