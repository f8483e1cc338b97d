"""The database cluster of a data folder, made by initdb if needed, and the command that starts it."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from . import binaries
from .data_folder import PORT, DataFolder, Options
from .system_account import Account, choose, reaching

# sun_path holds 104 bytes on macOS and 108 on Linux, with the closing zero.
_LONGEST_SOCKET = 103
_HALF_MADE = "cluster.new-"
_OTHERS_MAY_READ = 0o644

_DEFAULTS = {"max_connections": "200", "log_checkpoints": "off"}
_FIXED = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    # "off" would delay a notification by more than 100 ms.
    "synchronous_commit": "on",
}


class Cluster:
    """A cluster that is ready to be started. `account` runs it; `socket_folder` will hold its socket."""

    def __init__(self, folder: DataFolder, options: Options) -> None:
        """Run initdb when there is no cluster. Raises OSError, LookupError or CalledProcessError."""
        self._folder = folder
        self._options = options
        for half_made in folder.root.glob(f"{_HALF_MADE}*"):
            shutil.rmtree(half_made, ignore_errors=True)
        made = folder.cluster.exists()
        major = int((folder.cluster / "PG_VERSION").read_text()) if made else None
        programs = binaries.find(major)
        account = choose(folder.root.stat(), folder.cluster.stat() if made else None)
        self.account = self._with_reach(account)
        self._programs = programs if self._may_run(programs) else self._copied(programs)
        if not made:
            self._initdb()
        self._write_access_files()
        self.socket_folder = self._make_socket_folder()

    @property
    def pid_files(self) -> list[Path]:
        """Files with a pid: while a process with that pid lives, postgres refuses to start."""
        return [self._folder.cluster / "postmaster.pid", self.socket_folder / f".s.PGSQL.{PORT}.lock"]

    def command(self, tag: str) -> list[str]:
        """The command line of the server. `tag` appears in the titles of its processes."""
        settings = _DEFAULTS | dict(self._options.settings) | _FIXED
        settings["cluster_name"] = tag
        settings["unix_socket_directories"] = '"{}"'.format(str(self.socket_folder).replace('"', '""'))
        settings["hba_file"] = str(self._folder.root / "pg_hba.conf")
        settings["ident_file"] = str(self._folder.root / "pg_ident.conf")
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self._programs / "postgres"), "-D", str(self._folder.cluster), *options]

    def _with_reach(self, account: Account) -> Account:
        """The account with the least privilege that reaches the data folder. Raises PermissionError."""
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

        initdb and postgres look for each other by access(2), which ignores capabilities. A program that only
        a capability makes executable does not find the other one.
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

        The copy lies in the data folder. Where the account cannot pass that either, it lies in a folder of
        root that all data folders of this machine share, or else in a private folder in /tmp.
        """
        places = [self._shared_programs, self._private_programs]
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
            f"nor a copy of them in {self._folder.root}, {self._options.programs_folder} or /tmp"
        )

    def _own_programs(self) -> Path:
        folder = self._folder.root / "binaries"
        if not folder.exists():
            binaries.make_open(folder)
        return folder

    def _shared_programs(self) -> Path:
        """The folder for all data folders of this machine. Raises OSError unless root alone writes in it."""
        shared = self._options.programs_folder
        if not shared.exists():
            binaries.make_open(shared)
        for folder in (shared.parent, shared):
            status = folder.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != 0 or status.st_mode & 0o022:
                raise PermissionError(f"{folder} can be written by others than root")
        return shared

    def _private_programs(self) -> Path:
        folder = self._private_folder("programs_folder")
        folder.chmod(0o755)
        return folder

    def _initdb(self) -> None:
        """Run initdb in another folder and rename that: an interrupted initdb leaves no half-made cluster."""
        new = Path(tempfile.mkdtemp(prefix=_HALF_MADE, dir=self._folder.root))
        self._give(new)
        command = [f"{self._programs}/initdb", "-D", str(new), "-U", self._options.name, "--auth=peer"]
        # The wheels have no ICU, and macOS has no C.UTF-8.
        command += ["--encoding=UTF8", "--locale=C.UTF-8" if sys.platform == "linux" else "--locale=C"]
        if self._options.settings.get("fsync") == "off":
            command += ["--no-sync"]
        subprocess.run(command, check=True, preexec_fn=self._become())
        new.rename(self._folder.cluster)
        parent = os.open(self._folder.root, os.O_RDONLY)
        os.fsync(parent)
        os.close(parent)

    def _write_access_files(self) -> None:
        """Admit the accounts by peer authentication: there is no password that could leak."""
        root = self._folder.root
        users = {Account(uid, 0).name for uid in (0, os.geteuid(), root.stat().st_uid)} - {None}
        self._folder.write(root / "pg_hba.conf", "local all all peer map=users\n", _OTHERS_MAY_READ)
        lines = [f'users "{user}" "{self._options.name}"\n' for user in users]
        self._folder.write(root / "pg_ident.conf", "".join(lines), _OTHERS_MAY_READ)

    def _make_socket_folder(self) -> Path:
        """Make it in the data folder, or as a private folder in /tmp where the path would be too long."""
        inside = self._folder.root / "socket"
        if len(os.fsencode(inside / f".s.PGSQL.{PORT}")) <= _LONGEST_SOCKET:
            inside.mkdir(mode=0o700, exist_ok=True)
            self._give(inside)
            return inside
        private = self._private_folder("socket_folder", self.account.uid)
        self._give(private)
        return private

    def _private_folder(self, record: str, uid: int = 0) -> Path:
        """A folder in /tmp for this data folder alone. The file `record` keeps its path.

        The same folder is used again as long as `uid` owns it.
        """
        path = self._folder.root / record
        if path.exists():
            known = Path(path.read_text())
            if known.is_dir() and not known.is_symlink() and known.stat().st_uid == uid:
                return known
        private = Path(tempfile.mkdtemp(prefix=f"{self._options.name}-", dir="/tmp"))
        self._folder.write(path, str(private))
        return private

    def _become(self) -> partial[None]:
        return partial(self.account.become, os.getpid())

    def _give_to_owner(self, copies: Path) -> None:
        """Give copies that root made in the data folder to its owner, who can then remove them."""
        owner = self._folder.root.stat()
        for path in (copies, *copies.rglob("*")) if copies.exists() else ():
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)

    def _give(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, self.account.uid, self.account.gid)


def _demand_access(program: Path) -> None:
    if not os.access(program, os.R_OK | os.X_OK):
        raise PermissionError(program)


def _succeeds(account: Account, look: Callable[[], object]) -> bool:
    """Whether `look` raises no OSError in a child process that runs as this account."""
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
