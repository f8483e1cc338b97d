"""Every module can be the first one that a process imports."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
_IMPORT = """
import importlib, sys
known = set(sys.modules)
for name in sys.argv[1:]:
    for each in [each for each in sys.modules if each.partition(".")[0] == "scriptwriter"]:
        del sys.modules[each]
    importlib.import_module(name)
"""
PURE = ("domain", "exports")


def test_every_module_can_be_imported_first() -> None:
    """A command, a child process or a test may begin with any module."""
    files = [path for each in PURE for path in (ROOT / "scriptwriter" / each).rglob("*.py")]
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in files
    ]
    assert len(names) > 15

    ended = subprocess.run(
        [sys.executable, "-c", _IMPORT, *names], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0, ended.stderr[-2000:]
