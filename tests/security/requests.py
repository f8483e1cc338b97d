"""Valid requests for each route: sent by somebody with the right to it, each has its effect."""

from typing import Any

from tests.support.scenes import Target


def fitting(name: str, target: Target) -> dict[str, Any]:
    """The keyword arguments of httpx for a valid request to "METHOD path" about `target`."""
    of_project = {"projectId": target.project_id}
    params = {"platform": "抖音", "genre": "悬疑", "count": 1}
    member = {"username": target.username, "role": "collaborator"}
    file = {"format": "scriptwriter-project", "project": {"name": "改名"}}
    known: dict[str, dict[str, Any]] = {
        "POST /api/projects": {"json": {"name": "改名"}},
        "PATCH /api/projects/{project_id}": {"json": {"name": "改名"}},
        "GET /api/projects/{project_id}/export": {"params": {"format": "json"}},
        "POST /api/projects/import": {"json": file},
        "POST /api/projects/{project_id}/members": {"json": member},
        "PATCH /api/projects/{project_id}/members/{user_id}": {"json": {"role": "collaborator"}},
        "POST /api/brainstorm/start": {"json": of_project | {"params": params}},
        "POST /api/brainstorm/{transform_id}/stop": {"json": of_project},
        "POST /api/brainstorm/{transform_id}/retry": {"json": of_project},
        "POST /api/brainstorm/{transform_id}/fill-in": {"json": of_project},
        "GET /api/electric/v1/shape": {
            "params": {"project_id": target.project_id, "shape": "artifacts", "offset": "-1"}
        },
    }
    return known.get(name, {})


def filled(path: str, target: Target) -> str:
    """The path with the ids of `target` in place of its parameters."""
    names = vars(target)
    for part in path.split("/"):
        if part.startswith("{"):
            path = path.replace(part, names.get(part.strip("{}").partition(":")[0], target.project_id))
    return path
