"""CPU-intensive jobs run in child processes."""

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
def close_pool() -> Iterator[None]:
    """End all child processes after each test."""
    yield
    process_pool.close()


def gone(pid: int) -> bool:
    """Whether the process has ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def test_a_child_process_is_reused_for_the_next_job() -> None:
    """The first job starts it."""
    pid, _, _ = await process_pool.run("ann", heavy_jobs.who)
    again, _, _ = await process_pool.run("ann", heavy_jobs.who)

    assert os.getpid() != pid == again


async def test_a_child_has_no_secrets_and_no_database_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in its environment nor by an import."""
    monkeypatch.setenv("DATABASE_URL", "postgres://secret")

    _, modules, environment = await process_pool.run("ann", heavy_jobs.who)

    assert "DATABASE_URL" not in environment
    assert not {"reflex", "psycopg", "sqlalchemy", "scriptwriter.settings"} & {*modules}


async def test_the_event_loop_runs_while_a_child_backtracks() -> None:
    """A regular expression that would run for years is killed when its caller is cancelled."""
    job = asyncio.create_task(process_pool.run("ann", heavy_jobs.backtrack))
    pid, _, _ = await process_pool.run("bob", heavy_jobs.who)
    assert not job.done()

    job.cancel()
    await asyncio.wait([job])

    assert job.cancelled()
    assert (await process_pool.run("bob", heavy_jobs.who))[0] == pid


async def test_a_job_over_its_time_limit_ends_with_an_explanation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Even inside a single call. The next job gets a new child."""
    monkeypatch.setattr(process_pool, "SECONDS", 0.5)

    with pytest.raises(UserError, match="too_much_work"):
        await process_pool.run("ann", heavy_jobs.backtrack)

    assert await process_pool.run("ann", heavy_jobs.echo, b"next") == b"next"


@pytest.mark.parametrize("work", [heavy_jobs.grow, heavy_jobs.die])
async def test_a_job_over_its_memory_limit_ends_with_an_explanation(work: Callable[[], object]) -> None:
    """Whether the child raises a MemoryError or the kernel kills it."""
    with pytest.raises(UserError, match="too_much_work"):
        await process_pool.run("ann", work)

    assert await process_pool.run("ann", heavy_jobs.echo, b"next") == b"next"


async def test_a_user_error_of_a_job_is_raised_unchanged() -> None:
    """With its parameters."""
    with pytest.raises(UserError) as raised:
        await process_pool.run("ann", heavy_jobs.refuse)

    assert (raised.value.code, raised.value.params) == ("username_length", {"least": 2, "most": 30})


async def test_an_unexpected_error_of_a_job_is_raised_with_its_traceback() -> None:
    """For the log. The child continues to run."""
    with pytest.raises(RuntimeError, match="ValueError: a fault"):
        await process_pool.run("ann", heavy_jobs.fail)


async def test_a_job_can_receive_and_return_twenty_megabytes() -> None:
    """What the job prints does not disturb the transfer."""
    content = os.urandom(20_000_000)

    assert await process_pool.run("ann", heavy_jobs.echo, content) == content


async def test_no_job_is_lost_when_an_idle_child_dies() -> None:
    """A new child runs it."""
    first, _, _ = await process_pool.run("ann", heavy_jobs.who)
    os.kill(first, 9)

    second, _, _ = await process_pool.run("ann", heavy_jobs.who)

    assert first != second


async def test_a_person_has_one_running_job_and_a_few_waiting_ones(tmp_path: Path) -> None:
    """A further job is refused with an explanation."""
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


async def test_the_person_served_longest_ago_is_next(tmp_path: Path) -> None:
    """Many jobs of one person do not delay those of others."""
    file, until = tmp_path / "lines", tmp_path / "go"
    running = [
        asyncio.create_task(process_pool.run(name, heavy_jobs.note, file, name, until))
        for name in ("ann", "bob")
    ]
    await eventually(lambda: file.exists() and len(file.read_text().split()) == 2)
    waiting = [
        asyncio.create_task(process_pool.run(name, heavy_jobs.note, file, name))
        for name in ("ann", "ann", "ann", "cem", "dee")
    ]
    await asyncio.sleep(0)

    running[1].cancel()
    await asyncio.gather(*waiting[3:])

    assert file.read_text().split()[2:] == ["cem", "dee"]
    until.touch()
    await asyncio.gather(running[0], *waiting)


async def test_close_ends_all_children_and_refuses_waiting_jobs(tmp_path: Path) -> None:
    """No child runs after the application has ended."""
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


async def test_a_stopping_process_does_not_wait_for_jobs(tmp_path: Path) -> None:
    """Otherwise its server would wait for the request that started the job."""
    file = tmp_path / "lines"
    with shutdown.on_signals():
        stopping = asyncio.create_task(lifespan._stop_heavy_work())
        job = asyncio.create_task(process_pool.run("ann", heavy_jobs.note, file, "ann", tmp_path / "never"))
        await eventually(file.exists)

        os.kill(os.getpid(), signal.SIGTERM)

        with pytest.raises(UserError, match="service_away"):
            await asyncio.wait_for(job, LIMIT)
        await stopping


def test_every_user_error_can_be_pickled() -> None:
    """Also an error whose class has more constructor arguments."""
    error = EditedMeanwhile("ann", "v", "title", "body")
    restored = pickle.loads(pickle.dumps(error))

    assert (type(restored), restored.__dict__, str(restored)) == (type(error), error.__dict__, str(error))
