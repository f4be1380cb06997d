"""What only the system's kernel can do to a process: end it or fail it at a system call, and fill its disk."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import struct
from pathlib import Path

# Data files are renamed into place by delta-rs, log entries are linked: a link fails where the version is taken.
RENAMES, LINKS = ("rename", "renameat", "renameat2"), ("link", "linkat")
_CALLS = {
    "x86_64": {"rename": 82, "renameat": 264, "renameat2": 316, "link": 86, "linkat": 265, "seccomp": 317},
    "aarch64": {"renameat": 38, "renameat2": 276, "linkat": 37, "seccomp": 277},
}
_KILL, _FAIL, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_NO_NEW_PRIVILEGES, _FILTER, _ALL_THREADS = 38, 1, 1
_REMOUNT, _DETACH = 32, 2
LARGE = 1 << 30

_libc = ctypes.CDLL(None, use_errno=True)


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def can_forbid() -> bool:
    """Whether this machine's kernel can be asked to forbid system calls."""
    return platform.machine() in _CALLS and "Seccomp_filters:" in Path("/proc/self/status").read_text()


def forbid(calls: tuple[str, ...], error: int | None = None) -> None:
    """From now on the first of these calls, by whichever thread, ends this process at once, or fails with `error`.

    The end comes as SIGSYS, which like SIGKILL cannot be caught: no cleaning up, no buffer written.
    """
    numbers = [known[name] for known in (_CALLS[platform.machine()],) for name in calls if name in known]
    action = _KILL if error is None else _FAIL | error
    code = [(_LOAD, 0, 0, 0)]
    code += [(_JUMP_IF_EQUAL, len(numbers) - place, 0, number) for place, number in enumerate(numbers)]
    code += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, action)]
    program = _Program(len(code), b"".join(struct.pack("HBBI", *instruction) for instruction in code))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    number = _CALLS[platform.machine()]["seccomp"]
    if _libc.syscall(number, _FILTER, _ALL_THREADS, ctypes.byref(program)) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refuses to forbid system calls")


def mount_memory(folder: Path, size: int = LARGE) -> bool:
    """Put a disk of memory with room for `size` bytes at a folder; False where this account may not mount."""
    return _mount(folder, 0, size) == 0


def resize_memory(folder: Path, size: int = LARGE) -> None:
    """Change the size of a disk of memory, in bytes; raises OSError where it holds more already."""
    if (refused := _mount(folder, _REMOUNT, size)) != 0:
        raise OSError(refused, os.strerror(refused), str(folder))


def unmount(folder: Path) -> None:
    _libc.umount2(str(folder).encode(), _DETACH)


def fill(folder: Path, spare: int) -> None:
    """Leave room for `spare` bytes on the disk of memory at `folder`."""
    state = os.statvfs(folder)
    used = (state.f_blocks - state.f_bfree) * state.f_frsize
    resize_memory(folder, used + max(spare, state.f_frsize))


def forbid_growth(spare: int) -> None:
    """From now on no file of this process grows beyond `spare` bytes: what stands in for a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (max(spare, 1), resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def _mount(folder: Path, flags: int, size: int) -> int:
    call = (b"tmpfs", str(folder).encode(), b"tmpfs", ctypes.c_ulong(flags), f"size={size}".encode())
    return 0 if _libc.mount(*call) == 0 else ctypes.get_errno() or errno.EPERM
