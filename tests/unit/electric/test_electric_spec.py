"""The client's SPEC.md names its tests."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
SPEC = ROOT / "scriptwriter" / "electric" / "SPEC.md"


def test_every_invariant_names_tests_that_exist_and_every_test_is_named() -> None:
    """Every invariant of SPEC.md names existing tests, and every test is named there."""
    files = [
        *(ROOT / "tests/unit/electric").glob("test_*.py"),
        ROOT / "tests/integration/test_electric_client_live.py",
    ]
    tests = {
        name
        for file in files
        for name in re.findall(r"^(?:async )?(?:def|class) ([tT]est\w+)", file.read_text(), re.M)
    }
    invariants = re.findall(r"^- \*\*S(\d+)\*\* (.*)$", SPEC.read_text(), re.M)

    named = [set(re.findall(r"`([tT]est\w+)`", text)) for _, text in invariants]

    assert [int(number) for number, _ in invariants] == list(range(1, len(invariants) + 1))
    assert all(named)
    assert set().union(*named) == tests - {
        "test_every_invariant_names_tests_that_exist_and_every_test_is_named"
    }
