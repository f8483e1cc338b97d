"""The detached process that owns the server of one data folder; knows the server's users only by their lock.

`python -m scriptwriter.embedded.postgres.supervisor FOLDER LOCK SETTINGS` is how `launcher.attach` starts it.
LOCK is the descriptor of supervisor.lock, locked already and handed on, so that there never is a second one.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from scriptwriter.embedded.postgres import leftovers
from scriptwriter.embedded.postgres.cluster import Cluster
from scriptwriter.embedded.postgres.data_folder import DataFolder, Lock

GRACE = 3.0
_POLL = 0.25
# A server that ran once is worth some patience; one that never did has something wrong to be told.
_STARTS = 5
_LONGEST_FAREWELL = 40.0


class Supervisor:
    """Starts, watches, restarts and at last stops the one server of a data folder."""

    def __init__(self, folder: DataFolder, lock: int, settings: dict[str, str]) -> None:
        self._folder = folder
        self._lock = lock
        self._settings = settings
        # Two folders that had the same path, one after the other, differ in their lock file.
        identity = f"{folder.root} {os.fstat(lock).st_ino}"
        self._tag = "scriptwriter-" + hashlib.sha256(os.fsencode(identity)).hexdigest()[:12]
        self._server: subprocess.Popen[bytes] | None = None
        self._ready, self._starts_left = False, 1
        self._alone_since: float | None = None

    def run(self) -> None:
        """Serves until the last user has been gone for `GRACE` seconds, or until a signal."""
        try:
            self._cluster = Cluster(self._folder, self._settings)
            self._start()
            while self._needed():
                time.sleep(_POLL)
        finally:
            self._stop()

    def _needed(self) -> bool:
        return self._folder_is_ours() and self._server_lives() and not self._users_are_gone()

    def _folder_is_ours(self) -> bool:
        """False once somebody deleted the data folder, or put another in its place."""
        try:
            return os.path.samestat(os.stat(self._folder.supervisor_lock), os.fstat(self._lock))
        except FileNotFoundError:
            return False

    def _server_lives(self) -> bool:
        """Starts it again when it died; false when that does not help."""
        ended = self._server is None or self._server.poll() is not None
        if not self._ready and self._is_ready():
            self._ready, self._starts_left = True, _STARTS
        if not ended:
            return True
        if self._starts_left == 0:
            return False
        print(f"supervisor: starting again after {self._server}", file=sys.stderr)
        self._start()
        return True

    def _users_are_gone(self) -> bool:
        lock = self._folder.lock(self._folder.users_lock)
        if lock is None:
            self._alone_since = None
            return False
        if self._alone_since is None:
            self._alone_since = time.monotonic()
        if time.monotonic() - self._alone_since < GRACE:
            lock.release()
            return False
        # The lock is kept until this process ends: who comes now waits, and gets a new server.
        return True

    def _start(self) -> None:
        folder = self._folder
        inherited = self._server_lock().hand_on()
        # No process of an earlier server lives, so these are stale, whosever the pid in them is by now.
        for stale in self._cluster.pid_files:
            stale.unlink(missing_ok=True)
        self._ready = False
        self._starts_left -= 1
        become = partial(self._cluster.account.become, os.getpid(), signal.SIGINT)
        command = self._cluster.command(self._tag)
        self._server = subprocess.Popen(
            command, pass_fds=[inherited], stdin=subprocess.DEVNULL, preexec_fn=become
        )
        os.close(inherited)
        folder.write(folder.address, str(self._cluster.socket_folder))

    def _server_lock(self) -> Lock:
        deadline = time.monotonic() + _LONGEST_FAREWELL
        while (lock := self._folder.lock(self._folder.server_lock)) is None:
            if time.monotonic() > deadline:
                raise TimeoutError("a server out of sight, perhaps in another container, uses this folder")
            leftovers.end(self._tag)
            time.sleep(_POLL / 5)
        return lock

    def _is_ready(self) -> bool:
        """Whether it takes connections, or did so until it died."""
        if self._server and self._server.poll() == 0:
            # It was asked to end, and took its file along: one that never ran ends with another status.
            return True
        try:
            return "ready" in (self._folder.cluster / "postmaster.pid").read_text().splitlines()[7]
        except (FileNotFoundError, IndexError):
            return False

    def _stop(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        if self._server:
            _shut_down(self._server)
        leftovers.end(self._tag)


def _shut_down(server: subprocess.Popen[bytes]) -> None:
    """Fast: sessions end, a checkpoint is written; harder when that takes too long."""
    for number, seconds in ((signal.SIGINT, 30), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
        try:
            server.send_signal(number)
            server.wait(seconds)
            return
        except subprocess.TimeoutExpired:
            print(f"supervisor: the server does not end by {number.name}", file=sys.stderr)


def main(root: str, lock: str, settings: str) -> None:
    """Leaves the caller's process tree, then serves."""
    if os.fork():
        os._exit(0)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.umask(0o077)
    os.truncate(int(lock), 0)
    os.write(int(lock), f"{os.getpid()}\n".encode())
    try:
        Supervisor(DataFolder(Path(root)), int(lock), json.loads(settings)).run()
    except (OSError, LookupError, subprocess.SubprocessError) as error:
        sys.exit(f"supervisor: {error}")


if __name__ == "__main__":
    main(*sys.argv[1:])
