"""A lock on a file, which the system gives back when its holder ends, in whatever way; see :class:`RunFolder`."""

from __future__ import annotations

import os
from pathlib import Path

FAR = 1 << 30  # where Windows locks a byte: far behind what the file holds, so that the others can read that


class RunInUseError(RuntimeError):
    """A run folder that another process, or another object of this one, is writing to."""


class Lock:
    """A file that one object at a time can hold; while it does, the file holds its process's id.

    Args:
        path: the file, which stays: to delete it would let two processes hold two files of one name.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: int | None = None

    def take(self) -> None:
        """Hold the lock.

        Raises:
            RunInUseError: if somebody does; the process is named.
        """
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(handle)
        except (BlockingIOError, PermissionError):
            os.close(handle)
            raise RunInUseError(f"{self.path.parent} is in use by {self._holder()}: wait for it to end, "
                                "or take another folder") from None  # fmt: skip
        except BaseException:
            os.close(handle)
            raise
        self._handle = handle
        try:
            os.ftruncate(handle, 0)
            os.write(handle, f"{os.getpid()}\n".encode())
        except BaseException:  # of a disk that is full
            self.give_back()
            raise

    def give_back(self) -> None:
        """Let others hold it."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.ftruncate(handle, 0)
            _unlock(handle)
            os.close(handle)

    def _holder(self) -> str:
        """Return the process that holds it, in words."""
        try:
            pid = int(self.path.read_text(encoding="ascii"))
        except (OSError, ValueError):  # it has taken the lock this moment, and has not written its id yet
            return "another process"
        return f"process {pid}" + ", which is this one" * (pid == os.getpid())


if os.name == "nt":  # pragma: no cover
    import msvcrt

    def _lock(handle: int) -> None:
        os.lseek(handle, FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)

    def _unlock(handle: int) -> None:
        os.lseek(handle, FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)
