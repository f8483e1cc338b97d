"""The version of the program, in each place that shows it."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from scriptwriter.__main__ import main
from scriptwriter.api.http_app import create
from scriptwriter.operations import version
from scriptwriter.web.not_found_page import not_found

ROOT = Path(__file__).parents[2]
DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def test_the_command_says_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m scriptwriter --version` prints it and exits."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out == f"scriptwriter {DECLARED}\n"


def test_the_footer_of_a_page_says_the_version() -> None:
    """All pages have the same footer."""
    code = str(not_found())

    assert code.count(f'"{DECLARED}"') == 1


def test_the_document_of_the_http_api_says_the_version() -> None:
    """For `/healthz`, see tests/integration/test_observability.py."""
    assert create().openapi()["info"]["version"] == DECLARED


def test_without_a_checkout_the_version_is_that_of_the_installed_package(tmp_path: Path) -> None:
    """The pyproject.toml of another project above the package is not read."""
    operations = tmp_path / "scriptwriter" / "operations"
    installed = tmp_path / "scriptwriter-2.5.dist-info"
    for folder in (operations, installed):
        folder.mkdir(parents=True)
    shutil.copy(version.__file__, operations)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: scriptwriter\nVersion: 2.5\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "another"\nversion = "7.0"\n')
    ask = "from scriptwriter.operations.version import version; print(version())"

    said = subprocess.run(
        [sys.executable, "-c", ask], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert said.stdout == "2.5\n"
