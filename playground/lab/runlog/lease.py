"""Who writes a log: a lock beside it, which the system takes back when its process dies."""

from __future__ import annotations

import os
import platform
import sys
from contextlib import suppress
from pathlib import Path
from threading import Lock
from time import monotonic, sleep

from playground.graph.errors import LogError

__all__ = ["Lease"]

# How long a late-comer waits for the name of an owner who has only just come.
PATIENCE = 2.0

# A lock on a byte range belongs to a process. A forked child has no share in it, so that it ends
# with its owner and not with the last of the owner's children; and of two threads the system knows
# nothing, for which there is the set below. The locked byte lies beyond the text: Windows keeps
# others from reading what is locked. Closing any other descriptor of the file would drop the lock:
# nobody opens it but this module, and no process opens one that it holds.
_BYTE = 1 << 20

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int, *, shared: bool = False) -> None:
        os.lseek(descriptor, _BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int, *, shared: bool = False) -> None:
        how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        fcntl.lockf(descriptor, how | fcntl.LOCK_NB, 1, _BYTE)


_HOST = platform.node() or "localhost"
_held: set[Path] = set()
_door = Lock()


def _after_fork() -> None:
    # The child holds none of its parent's locks, nor the lock on the set, if a thread had it.
    global _door
    _held.clear()
    _door = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class Lease:
    """The right to write a log; it ends with :meth:`release` or with the process, however it dies.

    It stands in ``NAME-lease`` beside the log's file, as process and host. File systems that pass
    locks on between hosts (NFS) keep it there as well; one without locks cannot hold a log.
    """

    def __init__(self, place: Path, descriptor: int) -> None:
        self._place, self._descriptor = place, descriptor
        self.process = os.getpid()

    @classmethod
    def take(cls, log: Path) -> Lease:
        """The lease of the log's file. Raises LogError, naming its owner, if it is taken."""
        place = _place_of(log)
        with _door:
            if place in _held:
                raise LogError(
                    f"{log} is being written by this process ({os.getpid()}) already: close that "
                    f"RunLog, or let its fit end, before it is opened again"
                )
            try:
                lease = cls(place, _claimed(log, place))
            except OSError as error:
                reason = error.strerror or str(error)
                raise LogError(
                    f"{log} cannot be written: {place.name} beside it cannot be locked ({reason})"
                ) from error
            _held.add(place)
        return lease

    @staticmethod
    def is_taken(log: Path) -> bool:
        """Whether somebody writes the log at this moment."""
        place = _place_of(log)
        with _door:
            if place in _held:
                return True
            try:
                descriptor = os.open(place, os.O_RDONLY | getattr(os, "O_BINARY", 0))
            except OSError:
                return False
            try:
                _lock(descriptor, shared=True)
            except OSError:
                return True
            finally:
                os.close(descriptor)
        return False

    def release(self) -> None:
        """Give it back; nothing is left beside the log."""
        if self.process != os.getpid():
            return  # a forked child: the lock was never its own
        with _door:
            descriptor, self._descriptor = self._descriptor, -1
            if descriptor < 0:
                return
            # Away while it is held: a name that is gone cannot be taken from somebody who has come.
            with suppress(OSError):
                self._place.unlink()
            with suppress(OSError):
                os.close(descriptor)
            if sys.platform == "win32":  # where an open file stays
                with suppress(OSError):
                    self._place.unlink()
            _held.discard(self._place)


def _place_of(log: Path) -> Path:
    # One lease for one file, whatever links lead to it.
    file = log.resolve()
    return file.with_name(f"{file.name}-lease")


def _claimed(log: Path, place: Path) -> int:
    """An open descriptor with the lock. Raises OSError where files cannot be locked."""
    deadline = monotonic() + PATIENCE
    while True:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        descriptor = os.open(place, flags, 0o666)
        try:
            if _locked(descriptor) and _is_still(descriptor, place):
                _sign(descriptor, place)
                return descriptor
            owner = _owner(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        # A name that is not alive is that of the owner before: the new one is about to sign.
        if owner or monotonic() > deadline:
            raise LogError(
                f"{log} is being written by {owner or 'another process'}: wait until it ends, or "
                f"stop it first"
            )
        sleep(0.01)


def _locked(descriptor: int) -> bool:
    try:
        _lock(descriptor)
    except (BlockingIOError, PermissionError):  # what POSIX says of a lock that is held
        return False
    return True


def _is_still(descriptor: int, place: Path) -> bool:
    """Whether the locked file is the one that others will find."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(place))
    except FileNotFoundError:
        return False


def _sign(descriptor: int, place: Path) -> None:
    try:
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, f"{os.getpid()} {_HOST}".encode())
    except BaseException:
        with suppress(OSError):
            place.unlink()
        raise


def _owner(descriptor: int) -> str:
    """Who holds the lock, in words; '' if that does not stand there yet."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    number, _, host = os.read(descriptor, 1000).decode(errors="replace").partition(" ")
    if not number.isdecimal() or not host:
        return ""
    if host != _HOST:
        return f"process {number} on {host}"
    return f"process {number}" if _is_alive(int(number)) else ""


def _is_alive(process: int) -> bool:
    if sys.platform == "win32":  # where os.kill() ends whom it asks
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
