"""The data folder: the names of its files, its locks, and the options that its server is started with."""

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar

PORT = 5432


@dataclass(frozen=True)
class Options:
    """Options of `attach`: the name of the database and of the superuser, and postgresql.conf settings."""

    name: str
    settings: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (self.name.isascii() and self.name.isidentifier() and self.name.islower()):
            raise ValueError(f"{self.name!r} is not a name of lower-case letters, digits and _")

    @property
    def programs_folder(self) -> Path:
        """Where root keeps copies of PostgreSQL's programs for all data folders of this machine."""
        return Path(os.environ.get("EMBEDDED_POSTGRES_PROGRAMS_DIR") or f"/var/cache/{self.name}")

    def to_json(self) -> str:
        """The options as one argument of a command."""
        return json.dumps({"name": self.name, "settings": dict(self.settings)})

    @classmethod
    def from_json(cls, text: str) -> "Options":
        """The options that `to_json` wrote."""
        return cls(**json.loads(text))


class Lock:
    """A lock on a file. It is held while its file descriptor `fd`, or a copy of it, is open in any process.

    A program that this process starts gets a copy only by `detach` and `pass_fds`. A forked child closes its
    copies.
    """

    _held: ClassVar[set["Lock"]] = set()

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._held.add(self)

    def release(self) -> None:
        """Close this process's descriptor. A second call changes nothing."""
        if self in self._held:
            self._held.remove(self)
            os.close(self.fd)

    def detach(self) -> int:
        """The file descriptor for `pass_fds`. The caller closes it after starting the program."""
        self._held.remove(self)
        return self.fd

    @classmethod
    def release_all(cls) -> None:
        """Release every lock of this process."""
        for lock in tuple(cls._held):
            lock.release()


os.register_at_fork(after_in_child=Lock.release_all)


@dataclass(frozen=True)
class DataFolder:
    """Everything that the server keeps on disk, under one folder: `root` (absolute path).

    - `users.lock` is shared by every process that uses the server.
    - `supervisor.lock` is exclusive: there is one supervisor.
    - `server.lock` is exclusive and inherited by postgres and all its children, so it is free only when none
      of them lives. A pid cannot say that: pids are reused, stay as zombies, and differ between containers.
    """

    root: Path

    @cached_property
    def users_lock(self) -> Path:
        return self.root / "users.lock"

    @cached_property
    def supervisor_lock(self) -> Path:
        return self.root / "supervisor.lock"

    @cached_property
    def server_lock(self) -> Path:
        return self.root / "server.lock"

    @cached_property
    def cluster(self) -> Path:
        return self.root / "cluster"

    @cached_property
    def address(self) -> Path:
        """The file with the path of the socket's folder; it exists while a supervisor runs a server."""
        return self.root / "address"

    @cached_property
    def log(self) -> Path:
        return self.root / "server.log"

    def open(self, path: Path, flags: int = 0, mode: int = 0o600) -> int:
        """Open a file of the folder, or create it; the folder's owner owns it even when root creates it.

        `flags` are added to read-write; `mode` is for a new file. Returns a close-on-exec file descriptor.
        """
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | flags, mode)
        if os.geteuid() == 0 and (owner := os.stat(self.root)).st_uid != os.fstat(fd).st_uid:
            os.fchown(fd, owner.st_uid, owner.st_gid)
        return fd

    def write(self, path: Path, text: str, mode: int = 0o600) -> None:
        """Replace a small file of the folder. Readers see the old or the new text, never a part."""
        new = path.with_name(f"{path.name}.new")
        new.unlink(missing_ok=True)
        with os.fdopen(self.open(new, os.O_EXCL), "w") as file:
            file.write(text)
            os.fchmod(file.fileno(), mode)
        new.rename(path)

    def lock(self, path: Path, *, shared: bool = False) -> Lock | None:
        """Take a lock without waiting; None when another process holds it."""
        lock = Lock(self.open(path))
        try:
            fcntl.flock(lock.fd, fcntl.LOCK_NB | (fcntl.LOCK_SH if shared else fcntl.LOCK_EX))
        except BlockingIOError:
            lock.release()
            return None
        return lock
