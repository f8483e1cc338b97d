"""Functions that request a shape from a shape server."""

from typing import Any

import httpx


async def first_sync(http: httpx.AsyncClient, **shape: str) -> tuple[str, str, list[dict[str, Any]]]:
    """Read a shape from offset -1 until it is up to date.

    Returns the handle, the last offset and all messages.
    """
    handle, offset, messages = "", "-1", []
    while True:
        response = await http.get(
            "/v1/shape", params={**shape, "offset": offset, **({"handle": handle} if handle else {})}
        )
        assert response.status_code == 200, response.text
        handle, offset = response.headers["electric-handle"], response.headers["electric-offset"]
        messages += response.json()
        if "electric-up-to-date" in response.headers:
            return handle, offset, messages


async def until_status(http: httpx.AsyncClient, path: str, status: int, **query: str) -> httpx.Response:
    """Repeat a request until the answer has this status. The caller sets the time limit."""
    while True:
        response = await http.get(path, params=query)
        if response.status_code == status:
            return response
