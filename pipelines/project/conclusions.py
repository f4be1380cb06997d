"""What follows from declarations and code alone, kept from one process to the next: it is worked out once."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import ibis
import pydantic
from pydantic import TypeAdapter

from pipelines.declarations.fingerprint import plain
from pipelines.project.imports import DECLARED
from pipelines.storage.kept import KeptTexts

T = TypeVar("T")

PIPELINES = Path(__file__).parents[1]


class Conclusions:
    """Conclusions by name, each found again as long as nothing that it may follow from has changed.

    That is the `premises`, in their order, all our code, the modules of the project at `root` where there is one, and
    the versions of what reads declarations and builds expressions. They are JSON and looked at by pydantic as they are
    read, so whoever may write there can have this process believe something, and do nothing else.
    """

    def __init__(self, kept: KeptTexts | None = None, *premises: Any, root: Path | None = None) -> None:
        self._kept, self._premises = kept or KeptTexts(), premises
        folders = [root / folder for folder in DECLARED] if root and self._kept else []
        # At once: an edit after the modules were imported is not what they do.
        found = [module for folder in folders for module in folder.rglob("*.py")]
        self._modules = _content(found, root) if root else ""

    def of(self, name: str, kind: TypeAdapter[T], work_out: Callable[[], T]) -> T:
        """What `work_out` gives, which is of that kind; asked only where that is not kept. What it raises is not."""
        if not self._kept:
            return work_out()
        place = hashlib.sha256(f"{name}\n{self._about}".encode()).hexdigest()
        text = self._kept.text(place)
        if text is not None:
            with contextlib.suppress(ValueError):
                return kind.validate_json(text)
        found = work_out()
        self._kept.keep(place, kind.dump_json(found).decode())
        self._kept.close()
        return found

    @functools.cached_property
    def _about(self) -> str:
        premises = json.dumps(self._premises, default=plain, ensure_ascii=False)
        versions = (sys.version, ibis.__version__, pydantic.VERSION)
        return "\n".join([*versions, _code(), self._modules, premises])


@functools.cache
def _code() -> str:
    """All our modules, as they were when the process began to ask."""
    return _content(PIPELINES.rglob("*.py"), PIPELINES)


def _content(modules: Iterable[Path], root: Path) -> str:
    """A hash of modules' bytes and of where they stand: a model's table is named by the folder of its module."""
    found = [f"{module.relative_to(root)} {hashlib.sha256(module.read_bytes()).hexdigest()}" for module in modules]
    return hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()
