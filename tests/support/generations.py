"""Run generations in the test's own process, without a worker."""

import json
from typing import Any

from scriptwriter.worker.model_endpoint import Endpoint
from scriptwriter.worker.run import run
from tests.support.rows import rows, transform_of


async def run_to_the_end(url: str, transform_id: str, endpoint: Endpoint) -> list[dict[str, Any]]:
    """Run a generation and its automatic retries, which start at once.

    Returns the `waiting` entry that the row of the transform held before each retry.
    """
    waits = []
    await run(transform_id, endpoint)
    while transform_of(url)["streaming_status"] == "pending":
        waits.append(transform_of(url)["context"]["waiting"])
        await run(transform_id, endpoint)
    return waits


def titles(url: str) -> list[str]:
    """The titles of the ideas in their order, as committed now; "" for an idea that is not finished."""
    [row] = rows(url, "SELECT data, partial_data FROM artifacts WHERE type = 'brainstorm_ideas'")
    ideas = (row["partial_data"] or json.loads(row["data"]))["ideas"]
    return ["" if "status" in idea else idea["title"] for idea in ideas]
