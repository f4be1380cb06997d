"""What looking at one thing gives: good, or what is the matter with it and what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pipelines.errors import HuiliuError

State = Literal["good", "bad", "not needed"]
Look = Callable[[], str]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: what was found, and what to do where that is not good."""

    name: str
    state: State
    found: str
    todo: str = ""


class Unwell(HuiliuError):  # noqa: N818  a finding about the machine, no error of ours
    """What is the matter with one thing, and what to do about it."""

    kind = "unwell"


def checked(name: str, needed: bool, look: Look) -> Check:
    """The check of one thing. What the settings do not call for is looked at as well, but it cannot be `bad`."""
    try:
        return Check(name, "good" if needed else "not needed", look())
    except HuiliuError as error:
        return Check(name, "bad" if needed else "not needed", error.what, error.todo)
