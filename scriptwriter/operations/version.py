"""The version of this program."""

import tomllib
from functools import lru_cache
from importlib import metadata
from pathlib import Path

_CHECKOUT = Path(__file__).parents[2]


@lru_cache(maxsize=1)
def version() -> str:
    """The version of this program, such as "0.1.0"; `pyproject.toml` is the one place that sets it.

    A checkout runs without being installed, so its `pyproject.toml` is read; without that file, the metadata
    of the installed package. Raises importlib.metadata.PackageNotFoundError without either.
    """
    declared = _declared(_CHECKOUT / "pyproject.toml")
    return declared or metadata.version("scriptwriter")


def _declared(path: Path) -> str | None:
    """The version in the pyproject file at `path`; None if the file is missing or another project's."""
    try:
        project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    except (FileNotFoundError, KeyError):
        return None
    return project["version"] if project["name"] == "scriptwriter" else None
