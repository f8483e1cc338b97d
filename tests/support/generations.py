"""Running generations to their end without a worker, for tests."""

import json
from typing import Any

from scriptwriter.worker.model_endpoint import Endpoint
from scriptwriter.worker.run import run
from tests.support.rows import rows, transform_of


async def run_to_the_end(url: str, transform_id: str, endpoint: Endpoint) -> list[dict[str, Any]]:
    """Run it, and its automatic retries at once; returns what the rows said while each was waited for."""
    waits = []
    await run(transform_id, endpoint)
    while transform_of(url)["streaming_status"] == "pending":
        waits.append(transform_of(url)["context"]["waiting"])
        await run(transform_id, endpoint)
    return waits


def titles(url: str) -> list[str]:
    """The titles by place, as committed while it runs or at its end; empty where nothing finished stands."""
    [row] = rows(url, "SELECT data, partial_data FROM artifacts WHERE type = 'brainstorm_ideas'")
    ideas = (row["partial_data"] or json.loads(row["data"]))["ideas"]
    return ["" if "status" in idea else idea["title"] for idea in ideas]
