"""The detached process whose child is the server of one data folder. Run by `launcher.attach`.

Arguments: FOLDER LOCK OPTIONS. LOCK is the inherited descriptor of supervisor.lock, already locked, so that
there is never a second supervisor. OPTIONS is `Options.to_json()`.
"""

import hashlib
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from . import leftovers
from .cluster import Cluster
from .data_folder import DataFolder, Lock, Options

GRACE = 3.0
"""Seconds from the end of the last user to the end of the server."""
_POLL = 0.25
# How often a server that ran once is started again. One that never ran is started once: the log says why.
_STARTS = 5
_LONGEST_SHUTDOWN = 40.0


class Supervisor:
    """Starts, watches, restarts and at last stops the one server of a data folder."""

    def __init__(self, folder: DataFolder, lock: int, options: Options) -> None:
        self._folder = folder
        self._lock = lock
        self._options = options
        # A folder that was deleted and made again has the same path, and another inode of the lock file.
        identity = f"{folder.root} {os.fstat(lock).st_ino}"
        self._tag = f"{options.name}-{hashlib.sha256(os.fsencode(identity)).hexdigest()[:12]}"
        self._server: subprocess.Popen[bytes] | None = None
        self._ready, self._starts_left = False, 1
        self._alone_since: float | None = None

    def run(self) -> None:
        """Run the server until its last user has been gone for `GRACE` seconds, or until a signal."""
        try:
            self._cluster = Cluster(self._folder, self._options)
            self._start()
            while self._needed():
                time.sleep(_POLL)
        finally:
            self._stop()

    def _needed(self) -> bool:
        return self._folder_is_ours() and self._server_lives() and not self._users_are_gone()

    def _folder_is_ours(self) -> bool:
        """Whether the data folder is still the one that this process locked, neither deleted nor replaced."""
        try:
            return os.path.samestat(os.stat(self._folder.supervisor_lock), os.fstat(self._lock))
        except FileNotFoundError:
            return False

    def _server_lives(self) -> bool:
        """Start the server again if it died; False when it may not be started again."""
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
        # Keep the lock until this process ends: a new user waits for the lock, then starts a new server.
        return True

    def _start(self) -> None:
        folder = self._folder
        inherited = self._server_lock().detach()
        # Every process of an earlier server has ended, so the pids in these files are stale.
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
        deadline = time.monotonic() + _LONGEST_SHUTDOWN
        while (lock := self._folder.lock(self._folder.server_lock)) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(
                    "a server that this process cannot see uses this folder, perhaps in another container"
                )
            leftovers.end(self._tag)
            time.sleep(_POLL / 5)
        return lock

    def _is_ready(self) -> bool:
        """Whether the server takes connections, or did until it ended."""
        if self._server and self._server.poll() == 0:
            # Exit status 0 is a clean shutdown, which removes postmaster.pid.
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
    """Ask for a fast shutdown, then for an immediate one, then kill."""
    for number, seconds in ((signal.SIGINT, 30), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
        try:
            server.send_signal(number)
            server.wait(seconds)
            return
        except subprocess.TimeoutExpired:
            print(f"supervisor: the server does not end by {number.name}", file=sys.stderr)


def main(root: str, lock: str, options: str) -> None:
    """Leave the caller's process tree, then run the supervisor."""
    if os.fork():
        os._exit(0)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.umask(0o077)
    os.truncate(int(lock), 0)
    os.write(int(lock), f"{os.getpid()}\n".encode())
    try:
        Supervisor(DataFolder(Path(root)), int(lock), Options.from_json(options)).run()
    except (OSError, LookupError, subprocess.SubprocessError) as error:
        sys.exit(f"supervisor: {error}")


if __name__ == "__main__":
    main(*sys.argv[1:])
