"""Patterns that the source must not contain: they would turn texts into scripts, or let users choose
addresses.
"""

import re
from pathlib import Path

import pytest

from scriptwriter.domain import graph
from scriptwriter.web.event_signatures import states

ROOT = Path(__file__).parents[2]
PYTHON = sorted((ROOT / "scriptwriter").rglob("*.py"))
SCRIPTS = sorted((ROOT / "assets").glob("*.js"))
PYTHON_RULES = {
    r"rx\.(call_script|run_script|call_function|script|html|markdown)\(": "the page's policy forbids eval; "
    "set a var, and let assets/screen.js see it (see `data_shown`)",
    r"dangerouslySetInnerHTML|dangerously_set_inner_html": "React writes a child as text: give it one",
    r"rx\.upload\(|upload_files": "an upload opens an endpoint of Reflex: see CLOSED in scriptwriter.py",
}
SCRIPT_RULES = {
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write": "use textContent",
    r"\beval\(|new Function|setTimeout\(\s*[\"'`]|setInterval\(\s*[\"'`]": "the page's policy forbids eval",
    r"https?://(?!www\.w3\.org)": "the page's policy forbids other sites",
}


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_becomes_markup_or_a_script(path: Path) -> None:
    """Checked for each Python module."""
    source = path.read_text(encoding="utf-8")

    assert [f"{pattern}: {why}" for pattern, why in PYTHON_RULES.items() if re.search(pattern, source)] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_client_script_writes_markup(path: Path) -> None:
    """Nor evaluates a text, nor contacts another site."""
    source = path.read_text(encoding="utf-8")

    assert [f"{pattern}: {why}" for pattern, why in SCRIPT_RULES.items() if re.search(pattern, source)] == []


def test_a_brief_cannot_set_the_model_endpoint() -> None:
    """The operator sets the endpoint; a person chooses among the offered models."""
    fields = graph.Brief.model_fields
    assert "platform" in fields

    assert [name for name in fields if re.search(r"url|endpoint|host|key", name)] == []
    assert [name for state in states() for name in state.vars if re.search(r"base_?url|endpoint", name)] == []
