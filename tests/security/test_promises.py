"""Each promise in SECURITY.md names an existing test."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests"


def test_each_promise_names_a_test_that_exists() -> None:
    """A promise without a test cannot be relied on."""
    lines = (ROOT / "SECURITY.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| ") and "---" not in line][1:]
    assert rows

    for row in rows:
        named = re.findall(r"`([\w/]+\.py)(?:: (\w+))?`", row)
        assert named, f"no test is named for: {row}"
        for path, test in named:
            source = FOLDER / path
            assert source.is_file(), f"{path} is not there: {row}"
            assert not test or f"def {test}" in source.read_text(encoding="utf-8"), f"{path} has no {test}"
