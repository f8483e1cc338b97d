"""The graph's JSON is read by its types alone, and SQL does not look into it."""

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
"""Where JSON is read that is none of the graph's."""
FOLDERS = ("api", "domain", "exports", "operations", "services", "store", "sync", "web", "worker")
_INTO_JSON = re.compile(r"->|#>|@>|\bjsonb?_|::\s*jsonb?\b", re.IGNORECASE)
OF_THE_QUEUE = "job.args ->> 'transform_id'"


def _files() -> list[Path]:
    return [*SOURCES.glob("*.py"), *(path for each in FOLDERS for path in (SOURCES / each).rglob("*.py"))]


def test_no_other_module_parses_json() -> None:
    """Whoever needs a value of the graph asks `kinds`; a new reader of other JSON is named in READERS."""
    found = {
        str(path.relative_to(SOURCES))
        for path in _files()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if _reads(node)
    }

    assert found == {*READERS}


def test_no_statement_looks_into_json() -> None:
    """What is counted or searched is a column; one-time upgrades of the schema may look."""
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in [*_files(), ROOT / "schema" / "schema.sql"]
        for text in _statements(path)
        for line in text.splitlines()
        if _INTO_JSON.search(line.partition("--")[0].replace(OF_THE_QUEUE, ""))
    ]

    assert found == []


def _reads(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id="json" | "jiter"), attr="loads" | "load" | "from_json"):
            return True
        case ast.ImportFrom(module="json" | "jiter") | ast.Name(id="JSONDecoder"):
            return True
    return False


def _statements(path: Path) -> list[str]:
    """The SQL of a file: all of it, or those texts of a module that begin as a statement does."""
    if path.suffix == ".sql":
        return [path.read_text("utf-8")]
    texts = [
        node.value
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return [text for text in texts if re.search(r"\b(SELECT|UPDATE|INSERT INTO|DELETE FROM)\b", text)]
