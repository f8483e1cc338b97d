"""All processes are killed at random while people brainstorm: each run ends, and nothing shown is lost."""

import pytest

from tests.support.chaos import chaos


@pytest.mark.parametrize(("seed", "workers", "last_fault"), [(1, 1, "everything"), (2, 2, "zombie")])
async def test_each_run_ends_and_nothing_shown_is_lost_whatever_is_killed(
    seed: int, workers: int, last_fault: str
) -> None:
    """Workers, Postgres, its supervisor, the shape server and the hub are killed while models write."""
    async with chaos(seed, project_count=3, workers=workers) as installation:
        await installation.round(5.0, last_fault=last_fault)

    report = installation.report
    print(report)
    assert report.violations == []
    assert report.generations >= 3
