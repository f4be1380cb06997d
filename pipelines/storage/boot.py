"""Which start of this machine it is that goes on: a power cut ends it."""

from __future__ import annotations

from pathlib import Path


def boot() -> str:
    """What tells this machine since it was last started from all others; empty where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
