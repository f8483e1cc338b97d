"""Names, locks and small files inside the data folder; knows nothing of processes or of SQL."""

import fcntl
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

PORT = 5432
SUPERUSER = "scriptwriter"


class Lock:
    """A lock on a file, held as long as its descriptor `fd`, or a copy of it, is open anywhere.

    Neither a program started from this process nor a fork of it keeps a copy, unless `hand_on` was called.
    """

    _held: ClassVar[set["Lock"]] = set()

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._held.add(self)

    def release(self) -> None:
        """Closes this process's descriptor; once is enough, twice does no harm."""
        if self in self._held:
            self._held.remove(self)
            os.close(self.fd)

    def hand_on(self) -> int:
        """Out: the descriptor, for `pass_fds` together with `preexec_fn`; the caller then closes it."""
        self._held.remove(self)
        return self.fd

    @classmethod
    def release_all(cls) -> None:
        """Releases every lock of this process."""
        for lock in tuple(cls._held):
            lock.release()


os.register_at_fork(after_in_child=Lock.release_all)


@dataclass(frozen=True)
class DataFolder:
    """Everything the embedded server keeps on disk, under one folder: `root` (absolute path).

    `users.lock`: shared by every process that uses the server. `supervisor.lock`: exclusive, one supervisor.
    `server.lock`: exclusive, inherited by postgres and all its children, so that it is free only when none of
    them lives (pids cannot tell that: they are reused, stay as zombies, and differ between containers).
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
        """Holds the path of the folder with the server's socket, while a supervisor runs a server."""
        return self.root / "address"

    @cached_property
    def log(self) -> Path:
        return self.root / "server.log"

    def open(self, path: Path, flags: int = 0, mode: int = 0o600) -> int:
        """Opens a file of the folder, creating it for the folder's owner even when root asks.

        In: path; flags added to read-write; mode of a new file. Out: a descriptor closed on exec.
        """
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | flags, mode)
        if os.geteuid() == 0 and (owner := os.stat(self.root)).st_uid != os.fstat(fd).st_uid:
            os.fchown(fd, owner.st_uid, owner.st_gid)
        return fd

    def write(self, path: Path, text: str, mode: int = 0o600) -> None:
        """Replaces a small file of the folder, so that readers see the old or the new text, never a part."""
        new = path.with_name(f"{path.name}.new")
        new.unlink(missing_ok=True)
        with os.fdopen(self.open(new, os.O_EXCL), "w") as file:
            file.write(text)
            os.fchmod(file.fileno(), mode)
        new.rename(path)

    def lock(self, path: Path, *, shared: bool = False) -> Lock | None:
        """Takes a lock without waiting; None when somebody else holds it."""
        lock = Lock(self.open(path))
        try:
            fcntl.flock(lock.fd, fcntl.LOCK_NB | (fcntl.LOCK_SH if shared else fcntl.LOCK_EX))
        except BlockingIOError:
            lock.release()
            return None
        return lock
