"""What can go wrong and is told to people, each error in its parts; here those of the lake as a whole."""

from __future__ import annotations

from typing import Any, ClassVar

UNHARMED = "Every table is at its last commit, and nothing half-done is served."


def with_todo(what: str, todo: str) -> str:
    """What happened and what to do about it, as people read both in one sentence; `todo` may be empty."""
    return f"{what}; what to do: {todo}" if todo else what


class HuiliuError(Exception):
    """Something that is told to people, without values of the data and without secrets.

    `what` happened and where, `todo` is what to do about it, `after` a sentence that stands behind both, such as
    UNHARMED; `str()` is all of them. `exit_code` is the command's: 2 where a setting or a declaration must change, 3
    otherwise. `kind` is the message's heading.
    """

    kind: ClassVar[str]

    def __init__(self, what: str, todo: str = "", exit_code: int = 3, after: str = "") -> None:
        message = with_todo(what, todo)
        super().__init__(f"{message}. {after}" if after else message)
        self.what, self.todo, self.exit_code, self.after = what, todo, exit_code, after

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy is made without the constructor, whose arguments are each class's own.
        return type(self).__new__, (type(self), *self.args), self.__dict__


class LakeError(HuiliuError):
    """The lake cannot be read or written."""

    kind = "lake"


class NoLakeError(LakeError):
    """There is no lake where one was to be read."""


class StoreError(LakeError):
    """The place where the lake lies refuses, or does not answer."""

    kind = "store"


class DamageError(LakeError):
    """A file of the lake is missing or broken: `found` is what is the matter with the table at `table`."""

    kind = "damage"

    def __init__(self, table: str, found: str, todo: str) -> None:
        super().__init__(f"{table}: {found}", todo)
        self.table, self.found = table, found


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
