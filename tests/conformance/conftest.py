"""Fixtures of tests with Electric's own JavaScript client."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conformance.official import BUN

_SOURCE = Path(__file__).parent / "official_client"


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the client installed.

    Without a package registry the tests are skipped, or fail under CI.
    """
    folder = tmp_path_factory.mktemp("official_client")
    shutil.copytree(_SOURCE, folder, dirs_exist_ok=True)
    try:
        subprocess.run(
            [BUN, "install", "--no-save"],
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
        )
    except (OSError, subprocess.SubprocessError) as error:
        reason = f"@electric-sql/client could not be installed: {getattr(error, 'stderr', '') or error}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder
