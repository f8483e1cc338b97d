"""The files, functions, tests, commands, settings and links that the documents name exist."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from scriptwriter.settings import Settings
from tests.unit.test_env_example import names

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *ROOT.glob("*.md"),
    *(path for each in ("docs", "scriptwriter") for path in (ROOT / each).rglob("*.md")),
]
BASES = (ROOT, ROOT / "scriptwriter", ROOT / "tests")
"""Folders that a path in a document may be relative to, besides the document's own folder."""
SUFFIXES = r"py|js|css|sql|md|toml|txt|yml|yaml|jpg|json|example"
_PATH = re.compile(rf"`((?:[\w.-]+/)*(?:[\w-]+\.(?:{SUFFIXES})|\.env\.example)|(?:[\w.-]+/)+)(?:: (\w+))?`")
_LINK = re.compile(r"\]\(([^)#:]+)\)")
_MODULE = re.compile(r"python -m ((?:scriptwriter|tests|benchmarks)[\w.]*)(?: ([a-z][\w-]*|--version))?")
NOT_OF_THE_CHECKOUT = {".data/", "test-artifacts/", "schema/NNNN_name.sql"}
"""Folders that commands create, and a pattern of a file name."""
_SOURCES = [
    path
    for folder in ("scriptwriter", "schema", "assets", "benchmarks", "tests")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".sql", ".js", ".css", ".toml"}
]
_PYTHON_FILE = re.compile(r"(?<![\w./*{}-])(?:[\w-]+/)*\w+\.py\b")
EXAMPLES = {"file.py", "use.py"}
"""Names that the tests themselves invent."""


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.fixture(params=DOCUMENTS, ids=_name)
def document(request: pytest.FixtureRequest) -> Path:
    """Each document of the repository."""
    return request.param


def _found(document: Path, path: str) -> Path | None:
    return next((each / path for each in (document.parent, *BASES) if (each / path).exists()), None)


def test_every_path_that_is_named_exists(document: Path) -> None:
    """In `file.py: name`, the file defines that name."""
    for path, defined in _PATH.findall(document.read_text(encoding="utf-8")):
        if path in NOT_OF_THE_CHECKOUT:
            continue
        found = _found(document, path)
        assert found, f"{_name(document)} names {path}"
        source = found.read_text(encoding="utf-8") if defined else ""
        assert not defined or re.search(rf"\b(def|class) {defined}\b|^{defined}\b", source, re.MULTILINE), (
            f"{_name(document)}: {path} has no {defined}"
        )


def test_every_python_file_that_a_docstring_or_comment_names_exists() -> None:
    """The first folders of its path may be left out."""
    known = [f"/{_name(path)}" for path in (*_SOURCES, *ROOT.glob("*.py"))]
    missing = {
        (_name(path), named)
        for path in _SOURCES
        for named in _PYTHON_FILE.findall(path.read_text(encoding="utf-8"))
        if named not in EXAMPLES and not any(each.endswith(f"/{named}") for each in known)
    }

    assert missing == set()


def test_every_link_leads_to_a_file(document: Path) -> None:
    """Links are relative to the folder of the document."""
    broken = [
        link
        for link in _LINK.findall(document.read_text(encoding="utf-8"))
        if not (document.parent / link).exists()
    ]

    assert broken == []


def test_every_command_that_is_named_exists(document: Path) -> None:
    """Modules, and the commands of `python -m scriptwriter`."""
    commands = (ROOT / "scriptwriter" / "__main__.py").read_text(encoding="utf-8")
    for module, command in _MODULE.findall(document.read_text(encoding="utf-8")):
        path = ROOT / module.rstrip(".").replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), module
        assert module != "scriptwriter" or f'"{command}"' in commands, f"python -m scriptwriter {command}"


def _recipes() -> Iterator[tuple[str, str]]:
    """The name and the command of each recipe of the Justfile, without the arguments that it passes on."""
    text = (ROOT / "Justfile").read_text(encoding="utf-8")
    for name, line in re.findall(r"^(\w+)[^:\n]*:\n    (.*)$", text, re.MULTILINE):
        yield name, re.sub(r" \{\{\w+\}\}", "", line)


def test_the_guide_lists_each_command_with_its_line() -> None:
    """So that it can be used without just."""
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    recipes = dict(_recipes())

    assert set(recipes) == {"run", "test", "check", "screens", "bench"}
    assert dict(re.findall(r"^\| `just (\w+)` \| `([^`]+)` \|", guide, re.MULTILINE)) == recipes


def test_the_pre_commit_hooks_are_local() -> None:
    """Each runs a tool of pyproject.toml, and none is downloaded."""
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))

    assert [each["repo"] for each in config["repos"]] == ["local"]
    assert all(hook["entry"].startswith("uv run ") for hook in config["repos"][0]["hooks"])


def test_the_table_of_settings_has_each_one_with_its_default() -> None:
    """Variables that only docker compose reads are not in the table."""
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| `([A-Z_]+)` \| (?:`([^`]*)`)? ?\|", text, re.MULTILINE))

    assert table == {name: _default(value) for name, value in _defaults().items()}


def _defaults() -> dict[str, object]:
    fields = Settings.model_fields.values()
    found = {name: field.default for name, field in zip(_ordered_names(), fields, strict=True)}
    assert PydanticUndefined not in found.values()
    return found


def _ordered_names() -> list[str]:
    ordered = [next(iter(names() & _called(name))) for name in Settings.model_fields]
    assert {*ordered} == names()
    return ordered


def _called(field: str) -> set[str]:
    alias = Settings.model_fields[field].validation_alias
    return {field.upper()} if alias is None else {*getattr(alias, "choices", [alias])}


def _default(value: object) -> str:
    """The default as an operator would write it; "" where there is none."""
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value in (None, "", ()):
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def test_the_changelog_knows_the_version_of_this_program() -> None:
    """ "Unreleased" comes first, followed by the version in pyproject.toml."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert headings[:2] == ["Unreleased", declared]


def test_each_decision_is_listed_and_has_the_four_sections() -> None:
    """The decisions are numbered without a gap."""
    folder = ROOT / "docs" / "decisions"
    pages = sorted(folder.glob("[0-9]*.md"))
    listed = re.findall(r"^- \[(.+?)\]\((.+?)\)$", (folder / "README.md").read_text("utf-8"), re.MULTILINE)

    assert [page.name[:4] for page in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    assert [name for _, name in listed] == [page.name for page in pages]
    for page, (title, _) in zip(pages, listed, strict=True):
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {title}\n")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
            "Context", "Decision", "Consequences", "Measured and tested",
        ]  # fmt: skip
