"""The diagram in docs/ARCHITECTURE.md agrees with the imports."""

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "scriptwriter"
TOP_MODULES = {"scriptwriter", "__main__", "lifespan"}
"""The modules that combine the packages; the diagram shows them as `app`."""

Imports = Mapping[str, set[str]]
"""By package, the packages that it imports."""


def _package(module: str) -> str:
    return "app" if module in TOP_MODULES else module


def _imported(path: Path) -> Iterator[str]:
    """The modules of this application that the file imports, by the name below `scriptwriter`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.ImportFrom(module="scriptwriter", names=names, level=0):
                yield from (each.name for each in names)
            case ast.ImportFrom(module=str(module), level=0) if module.startswith("scriptwriter."):
                yield module.split(".")[1]


def imports() -> Imports:
    """The imports between packages."""
    found: dict[str, set[str]] = {}
    for path in SOURCES.rglob("*.py"):
        package = _package(path.relative_to(SOURCES).with_suffix("").parts[0])
        if package != "__init__":
            found.setdefault(package, set()).update(map(_package, _imported(path)))
    return {package: others - {package} for package, others in found.items()}


def _reachable(package: str, imported: Imports) -> set[str]:
    """The packages that `package` imports, directly or indirectly."""
    reached: set[str] = set()
    waiting = [package]
    while waiting:
        new = imported.get(waiting.pop(), set()) - reached
        reached |= new
        waiting += new
    return reached


def drawn() -> set[tuple[str, str]]:
    """The arrows of the diagram."""
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    [drawing] = re.findall(r"```mermaid\n(.*?)```", text, re.DOTALL)
    return {*re.findall(r"^ +(\w+) --> (\w+)", drawing, re.MULTILINE)}


def test_the_diagram_is_the_transitive_reduction_of_the_imports() -> None:
    """An import that follows from other arrows has no arrow of its own."""
    imported = imports()
    arrows = {
        (package, other)
        for package, others in imported.items()
        for other in others
        if not any(other in _reachable(between, imported) for between in others - {other})
    }

    assert drawn() == arrows, "write into docs/ARCHITECTURE.md:\n" + "\n".join(
        f"    {package} --> {other}" for package, other in sorted(arrows)
    )


def test_the_table_of_packages_agrees_with_the_import_contract() -> None:
    """The layers of lint-imports, and the table in docs/ARCHITECTURE.md."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    [layers] = [each["layers"] for each in config["tool"]["importlinter"]["contracts"] if "layers" in each]
    packages = {package for layer in layers for package in layer.split(" | ")} - TOP_MODULES - {"settings"}
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")

    assert {*re.findall(r"^\| `(\w+)/` \|", text, re.MULTILINE)} == packages
