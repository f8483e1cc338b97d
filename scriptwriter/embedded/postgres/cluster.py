"""Makes the cluster in a data folder and says how to start it; knows neither users nor a running server."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from scriptwriter.embedded.postgres import binaries
from scriptwriter.embedded.postgres.data_folder import PORT, SUPERUSER, DataFolder
from scriptwriter.embedded.postgres.system_account import Account, choose, reaching

# sun_path holds 104 bytes on macOS and 108 on Linux, with the closing zero.
_LONGEST_SOCKET = 103
_HALF_MADE = "cluster.new-"
_OTHERS_MAY_READ = 0o644
_SHARED = Path(os.environ.get("SCRIPTWRITER_PROGRAMS_DIR") or "/var/cache/scriptwriter")

_DEFAULTS = {"max_connections": "200", "log_checkpoints": "off"}
_FIXED = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    # Off delays a commit's visibility to listeners by over 100 ms.
    "synchronous_commit": "on",
}


class Cluster:
    """One cluster, ready to be started: `account` runs it, `socket_folder` will hold its socket."""

    def __init__(self, folder: DataFolder, settings: Mapping[str, str]) -> None:
        """Makes the cluster when there is none; raises OSError, LookupError or CalledProcessError."""
        self._folder = folder
        self._settings = settings
        for half_made in folder.root.glob(f"{_HALF_MADE}*"):
            shutil.rmtree(half_made, ignore_errors=True)
        made = folder.cluster.exists()
        major = int((folder.cluster / "PG_VERSION").read_text()) if made else None
        programs = binaries.find(major)
        account = choose(folder.root.stat(), folder.cluster.stat() if made else None)
        self.account = self._with_reach(account)
        self._programs = programs if self._may_run(programs) else self._copied(programs)
        if not made:
            self._make()
        self._write_who_may_connect()
        self.socket_folder = self._make_socket_folder()

    @property
    def pid_files(self) -> list[Path]:
        """The files that make postgres refuse to start when a process with the pid in them lives."""
        return [self._folder.cluster / "postmaster.pid", self.socket_folder / f".s.PGSQL.{PORT}.lock"]

    def command(self, tag: str) -> list[str]:
        """The command line of the server; `tag` shows in the titles of its processes."""
        settings = _DEFAULTS | dict(self._settings) | _FIXED
        settings["cluster_name"] = tag
        settings["unix_socket_directories"] = '"{}"'.format(str(self.socket_folder).replace('"', '""'))
        settings["hba_file"] = str(self._folder.root / "pg_hba.conf")
        settings["ident_file"] = str(self._folder.root / "pg_ident.conf")
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self._programs / "postgres"), "-D", str(self._folder.cluster), *options]

    def _with_reach(self, account: Account) -> Account:
        for candidate in reaching(account):
            if self._sees_folder(candidate):
                return candidate
        raise PermissionError(
            f"PostgreSQL does not run as root, and the account {account.name!r} cannot be used, or cannot "
            f"get to {self._folder.root}: choose a data folder that is not inside a closed one"
        )

    def _sees_folder(self, account: Account) -> bool:
        return _succeeds(account, lambda: os.stat(self._folder.users_lock))

    def _may_run(self, programs: Path) -> bool:
        """Whether the account can run all of PostgreSQL's programs in a folder.

        initdb and postgres look for each other by access(2), which leaves capabilities out of account: a
        program that starts by a capability does not find the other one.
        """
        names = ("initdb", "postgres")
        if not _succeeds(self.account, lambda: [_demand_access(programs / name) for name in names]):
            return False
        try:
            for name in names:
                command = [programs / name, "-V"]
                subprocess.run(command, check=True, capture_output=True, preexec_fn=self._become())
        except (OSError, subprocess.SubprocessError):
            return False
        return True

    def _copied(self, programs: Path) -> Path:
        """The folder of a copy of these programs that the account can run.

        In the data folder, or, where that is closed to the account too, in a folder of root's own that every
        data folder of this machine shares; at last in a private folder of this data folder alone.
        """
        places = [_shared_programs, self._private_programs]
        if self.account.capability is None:
            places.insert(0, self._own_programs)
        for place in places:
            try:
                copy = binaries.copy(programs, place())
                self._give_to_owner(self._folder.root / "binaries")
            except OSError:
                continue
            if self._may_run(copy):
                return copy
        raise PermissionError(
            f"the account {self.account.name!r} cannot run PostgreSQL's programs in {programs}, "
            f"nor a copy of them in {self._folder.root}, {_SHARED} or /tmp"
        )

    def _own_programs(self) -> Path:
        folder = self._folder.root / "binaries"
        if not folder.exists():
            binaries.make_open(folder)
        return folder

    def _private_programs(self) -> Path:
        folder = self._private_folder("programs_folder")
        folder.chmod(0o755)
        return folder

    def _make(self) -> None:
        """In a folder beside, renamed when complete: an interrupted initdb leaves nothing half made."""
        new = Path(tempfile.mkdtemp(prefix=_HALF_MADE, dir=self._folder.root))
        self._give(new)
        command = [f"{self._programs}/initdb", "-D", str(new), "-U", SUPERUSER, "--auth=peer"]
        # The wheels have no ICU, and macOS has no C.UTF-8.
        command += ["--encoding=UTF8", "--locale=C.UTF-8" if sys.platform == "linux" else "--locale=C"]
        if self._settings.get("fsync") == "off":
            command += ["--no-sync"]
        subprocess.run(command, check=True, preexec_fn=self._become())
        new.rename(self._folder.cluster)
        parent = os.open(self._folder.root, os.O_RDONLY)
        os.fsync(parent)
        os.close(parent)

    def _write_who_may_connect(self) -> None:
        """Lets in by the system's own word on who is asking: there is no password that could leak."""
        root = self._folder.root
        users = {Account(uid, 0).name for uid in (0, os.geteuid(), root.stat().st_uid)} - {None}
        self._folder.write(root / "pg_hba.conf", "local all all peer map=users\n", _OTHERS_MAY_READ)
        lines = [f'users "{user}" {SUPERUSER}\n' for user in users]
        self._folder.write(root / "pg_ident.conf", "".join(lines), _OTHERS_MAY_READ)

    def _make_socket_folder(self) -> Path:
        """In the data folder where its path is short enough, else a private one, the same every time."""
        inside = self._folder.root / "socket"
        if len(os.fsencode(inside / f".s.PGSQL.{PORT}")) <= _LONGEST_SOCKET:
            inside.mkdir(mode=0o700, exist_ok=True)
            self._give(inside)
            return inside
        private = self._private_folder("socket_folder", self.account.uid)
        self._give(private)
        return private

    def _private_folder(self, record: str, uid: int = 0) -> Path:
        """A folder in /tmp for this data folder alone, the same while it is `uid`'s; `record` names it."""
        path = self._folder.root / record
        if path.exists():
            known = Path(path.read_text())
            if known.is_dir() and not known.is_symlink() and known.stat().st_uid == uid:
                return known
        private = Path(tempfile.mkdtemp(prefix="scriptwriter-", dir="/tmp"))
        self._folder.write(path, str(private))
        return private

    def _become(self) -> partial[None]:
        return partial(self.account.become, os.getpid())

    def _give_to_owner(self, copies: Path) -> None:
        """What root puts into somebody's data folder is theirs, if it is there: they can remove it."""
        owner = self._folder.root.stat()
        for path in (copies, *copies.rglob("*")) if copies.exists() else ():
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)

    def _give(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, self.account.uid, self.account.gid)


def _shared_programs() -> Path:
    """The shared folder, made where it is missing. Raises OSError unless only root writes in it."""
    if not _SHARED.exists():
        binaries.make_open(_SHARED)
    for folder in (_SHARED.parent, _SHARED):
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != 0 or status.st_mode & 0o022:
            raise PermissionError(f"{folder} is not root's alone")
    return _SHARED


def _demand_access(program: Path) -> None:
    if not os.access(program, os.R_OK | os.X_OK):
        raise PermissionError(program)


def _succeeds(account: Account, look: Callable[[], object]) -> bool:
    """Whether `look` raises no OSError in a child process of this account."""
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        try:
            account.become(parent)
            look()
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0
