"""CI's audit of dependencies distinguishes a vulnerability, no vulnerability, and no answer."""

import importlib.machinery
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "audit"
KNOWN = {"id": "PYSEC-2026-1", "fix_versions": ["2.0"]}


@pytest.fixture
def audit() -> ModuleType:
    """The script as a module."""
    loader = importlib.machinery.SourceFileLoader("audit", str(SCRIPT))
    spec = importlib.util.spec_from_loader("audit", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        ([{"name": "a", "version": "1", "vulns": [KNOWN]}], 1, "a 1: PYSEC-2026-1 (fixed in: 2.0)"),
        ([{"name": "a", "version": "1", "vulns": []}], 0, "asked for 1 of 1 packages"),
        ([{"name": "a", "skip_reason": "not found"}], 0, "cannot be reached"),
        ([], 0, "cannot be reached"),
    ],
    ids=["found", "nothing found", "a mirror without advisories", "no answer"],
)
def test_only_a_known_vulnerability_fails(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    answer: list[dict[str, Any]], status: int, words: str,
) -> None:  # fmt: skip
    """Without an answer, the script says that it could not ask."""
    monkeypatch.setattr(audit, "report", lambda: answer)

    assert audit.main() == status
    assert words in capsys.readouterr().out
