"""What looking at one thing gives: good, or what is the matter with it and what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pipelines.errors import UNHARMED, LakeError

State = Literal["good", "bad", "not needed"]
Look = Callable[[], str]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: what was found, and what to do where that is not good."""

    name: str
    state: State
    found: str
    todo: str = ""


class Unwell(Exception):  # noqa: N818  a finding about the machine, no error of ours
    """What is the matter with one thing, and what to do about it."""

    def __init__(self, found: str, todo: str) -> None:
        super().__init__(found)
        self.found, self.todo = found, todo


def checked(name: str, needed: bool, look: Look) -> Check:
    """The check of one thing. What the settings do not call for is looked at as well, but it cannot be `bad`."""
    try:
        return Check(name, "good" if needed else "not needed", look())
    except Unwell as unwell:
        found, todo = unwell.found, unwell.todo
    except LakeError as error:
        found, _, todo = str(error).removesuffix(f". {UNHARMED}").partition("; what to do: ")
    return Check(name, "bad" if needed else "not needed", found, todo)
