"""What can go wrong with the lake as a whole, told to people: where it lies, who may write it."""

from __future__ import annotations

UNHARMED = "Every table is at its last commit, and nothing half-done is served."


class LakeError(Exception):
    """The lake cannot be read or written. The text says what happened, where, and what to do; it holds no secrets.

    `exit_code` is the command's: 2 where a setting must change, 3 otherwise. `kind` is the message's heading.
    """

    kind = "lake"

    def __init__(self, message: str, exit_code: int = 3) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class NoLakeError(LakeError):
    """There is no lake where one was to be read."""


class StoreError(LakeError):
    """The place where the lake lies refuses, or does not answer."""

    kind = "store"


class DamageError(LakeError):
    """A file of the lake is missing or broken: the text names its table."""

    kind = "damage"


class MachineError(LakeError):
    """This machine has too little of something: disk or memory."""

    kind = "machine"


class LeaseError(LakeError):
    """This process may not write the lake: someone else does, or it cannot be known whether."""

    kind = "lease"


class LeaseLostError(LeaseError):
    """Someone else took the lease over while this process still meant to hold it."""


class KeyRepeatedError(LakeError):
    """A table holds rows that share their key, which its commits never write."""

    kind = "key"
