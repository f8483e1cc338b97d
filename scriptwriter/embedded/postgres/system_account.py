"""The operating system account that the server runs as, and how a child process changes to it."""

import ctypes
import os
import pwd
import signal
import sys
from dataclasses import dataclass, replace

_LINUX = sys.platform == "linux"
_libc = ctypes.CDLL(None, use_errno=True)

# linux/prctl.h, linux/capability.h
_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 1, 8, 47, 2
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2


@dataclass(frozen=True)
class Account:
    """An account for a child process. `capability` (Linux) is the one privilege of root that it keeps."""

    uid: int
    gid: int
    capability: int | None = None

    @property
    def name(self) -> str | None:
        """The account's name, or None when the system knows none."""
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return None

    def become(self, parent: int, death_signal: int = signal.SIGKILL) -> None:
        """Change the calling process, a new child, to this account. Meant for `preexec_fn`.

        `parent` is the pid of the parent. `death_signal` is what this process gets when the parent dies
        (Linux only). Raises OSError when the system refuses.
        """
        if os.geteuid() == 0:
            if self.capability is not None:
                _prctl(_PR_SET_KEEPCAPS, 1)
            os.setgroups([])
            os.setgid(self.gid)
            os.setuid(self.uid)
            if self.capability is not None:
                _keep(self.capability)
        if _LINUX:
            # After setuid, which clears the parent death signal.
            _prctl(_PR_SET_PDEATHSIG, death_signal)
            if os.getppid() != parent:
                os._exit(1)


def choose(folder: os.stat_result, cluster: os.stat_result | None) -> Account:
    """The account for a server: the caller's own, or an unprivileged one for root, which postgres refuses.

    `folder` and `cluster` (None if there is none yet) say who owns the data folder. Raises LookupError.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    if cluster and cluster.st_uid != 0:
        return Account(cluster.st_uid, cluster.st_gid)
    owner = Account(folder.st_uid, folder.st_gid)
    # initdb needs an account that has a name.
    if owner.uid != 0 and owner.name:
        return owner
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise LookupError("PostgreSQL does not run as root, and there is no account 'nobody'") from None
    return Account(nobody.pw_uid, nobody.pw_gid)


def reaching(account: Account) -> list[Account]:
    """The account without a capability, then with each one that lets it enter any folder, weakest first.

    The account may have no permission for a folder above the data folder, such as /root. The permissions of
    that folder are not changed, and postgres checks only the uid.
    """
    if not _LINUX or os.geteuid() != 0:
        return [account]
    return [replace(account, capability=each) for each in (None, _CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE)]


def _prctl(*arguments: int) -> None:
    padded = [ctypes.c_ulong(each) for each in (*arguments, 0, 0, 0, 0)[1:5]]
    _checked(_libc.prctl(arguments[0], *padded))


def _keep(capability: int) -> None:
    bit = 1 << capability
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    effective_permitted_inheritable = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    _checked(_libc.capset(header, effective_permitted_inheritable))
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability)


def _checked(result: int) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
