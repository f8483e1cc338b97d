"""The drawing in docs/ARCHITECTURE.md is that of the imports."""

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "scriptwriter"
ABOVE_ALL = {"scriptwriter", "__main__", "lifespan"}
"""The modules that put the rooms together; the drawing calls them `app`."""

Imports = Mapping[str, set[str]]
"""By room, the rooms that it imports."""


def _room(module: str) -> str:
    return "app" if module in ABOVE_ALL else module


def _imported(path: Path) -> Iterator[str]:
    """What the file imports of this application, by the name below `scriptwriter`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.ImportFrom(module="scriptwriter", names=names, level=0):
                yield from (each.name for each in names)
            case ast.ImportFrom(module=str(module), level=0) if module.startswith("scriptwriter."):
                yield module.split(".")[1]


def imports() -> Imports:
    """Every import from one room of another."""
    found: dict[str, set[str]] = {}
    for path in SOURCES.rglob("*.py"):
        room = _room(path.relative_to(SOURCES).with_suffix("").parts[0])
        if room != "__init__":
            found.setdefault(room, set()).update(map(_room, _imported(path)))
    return {room: others - {room} for room, others in found.items()}


def _below(room: str, imported: Imports) -> set[str]:
    """The rooms that `room` imports, and those that they import, and so on."""
    reached: set[str] = set()
    waiting = [room]
    while waiting:
        new = imported.get(waiting.pop(), set()) - reached
        reached |= new
        waiting += new
    return reached


def drawn() -> set[tuple[str, str]]:
    """The arrows of the drawing."""
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    [drawing] = re.findall(r"```mermaid\n(.*?)```", text, re.DOTALL)
    return {*re.findall(r"^ +(\w+) --> (\w+)", drawing, re.MULTILINE)}


def test_an_arrow_is_drawn_for_each_import_that_follows_from_no_other_arrows() -> None:
    """So few arrows say which room may know which; all of them together would show nothing."""
    imported = imports()
    arrows = {
        (room, other)
        for room, others in imported.items()
        for other in others
        if not any(other in _below(between, imported) for between in others - {other})
    }

    assert drawn() == arrows, "write into docs/ARCHITECTURE.md:\n" + "\n".join(
        f"    {room} --> {other}" for room, other in sorted(arrows)
    )


def test_every_room_of_the_contract_has_a_line_in_the_table() -> None:
    """The layers of lint-imports, and the table of rooms."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    [layers] = [each["layers"] for each in config["tool"]["importlinter"]["contracts"] if "layers" in each]
    rooms = {room for layer in layers for room in layer.split(" | ")} - ABOVE_ALL - {"settings"}
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")

    assert {*re.findall(r"^\| `(\w+)/` \|", text, re.MULTILINE)} == rooms
