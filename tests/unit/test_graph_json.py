"""Only the types of the graph parse its JSON, and SQL does not look into it."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "scriptwriter"
READERS = {
    "api/middleware/websocket_messages.py": "what a page or a program sends",
    "api/routes/openid_routes.py": "a cookie of this server",
    "worker/demo_model.py": "a request to the demo model",
    "worker/reply_events.py": "what a model sends",
    "domain/prompts.py": "a prompt of this server",
    "domain/strict_json.py": "the reader itself",
}
"""Modules that parse other JSON, and which."""
FOLDERS = ("api", "domain", "exports", "operations", "services", "store", "sync", "web", "worker")
_INTO_JSON = re.compile(r"->|#>|@>|\bjsonb?_|::\s*jsonb?\b", re.IGNORECASE)
QUEUE_EXPRESSION = "job.args ->> 'transform_id'"


def _files() -> list[Path]:
    return [*SOURCES.glob("*.py"), *(path for each in FOLDERS for path in (SOURCES / each).rglob("*.py"))]


def test_no_other_module_parses_json() -> None:
    """Code that needs a value of the graph uses `kinds`.

    A new parser of other JSON gets an entry in READERS.
    """
    found = {
        str(path.relative_to(SOURCES))
        for path in _files()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if _parses_json(node)
    }

    assert found == {*READERS}


def test_no_statement_looks_into_json() -> None:
    """What is counted or searched is a column. Only one-time migrations of the schema may read JSON."""
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in [*_files(), ROOT / "schema" / "schema.sql"]
        for text in _statements(path)
        for line in text.splitlines()
        if _INTO_JSON.search(line.partition("--")[0].replace(QUEUE_EXPRESSION, ""))
    ]

    assert found == []


def _parses_json(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id="json" | "jiter"), attr="loads" | "load" | "from_json"):
            return True
        case ast.ImportFrom(module="json" | "jiter") | ast.Name(id="JSONDecoder"):
            return True
    return False


def _statements(path: Path) -> list[str]:
    """The SQL of a file: the whole file, or the strings of a module that contain a statement."""
    if path.suffix == ".sql":
        return [path.read_text("utf-8")]
    texts = [
        node.value
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return [text for text in texts if re.search(r"\b(SELECT|UPDATE|INSERT INTO|DELETE FROM)\b", text)]
