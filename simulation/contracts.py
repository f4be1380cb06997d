"""What the contracts of sources say about files: headers, other spellings of them, kinds of values, and keys.

They are read as plain data: how the pipelines understand them is their affair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

# The delete flag, which a contract names by its header alone.
OPERATION = "operation"
_DATABASES = Path(__file__).resolve().parents[1] / "foundation_dbs"


@dataclass(frozen=True)
class Contract:
    """A source's layout: `headers` by column in the file's order; `split` are columns cut from the cells of another."""

    headers: dict[str, str]
    elements: dict[str, str]
    split: dict[str, str]
    aliases: dict[str, str]
    key: list[str]
    version: str | None
    feeds: str | None  # the golden record that its rows are part of
    is_deleted_from: bool  # whether its agency takes rows back

    def drifted(self, headers: Sequence[str]) -> dict[str, str]:
        """Column → header where some headers are spelt otherwise; KeyError for one that is no alias."""
        column_of = {header: column for column, header in self.headers.items()}
        return self.headers | {column_of[self.aliases[header]]: header for header in headers}


@cache
def contract(source: str) -> Contract:
    """The contract of a source; FileNotFoundError if no database declares it."""
    path = next(_DATABASES.glob(f"*/sources/{source}.yml"), None)
    if path is None:
        raise FileNotFoundError(f"no {source}.yml below {_DATABASES}/*/sources: the simulation takes its headers there")
    document = yaml.safe_load(path.read_text("utf-8"))
    headers: dict[str, str] = {}
    elements: dict[str, str] = {}
    split: dict[str, str] = {}
    for header, declared in document["columns"].items():
        first, *others = map(_column, declared if isinstance(declared, list) else [declared])
        headers[first[0]] = header
        elements |= dict([first, *others])
        split |= {name: first[0] for name, _ in others}
    if isinstance(document.get("deletes"), dict):
        headers[OPERATION] = document["deletes"]["column"]
    key = document["key"]
    keys = [key] if isinstance(key, str) else key
    record = document.get("feeds", {}).get("record")
    version, takes_back = document.get("version"), "deletes" in document
    return Contract(headers, elements, split, document.get("aliases", {}), keys, version, record, takes_back)


def _column(declared: str | dict[str, Any]) -> tuple[str, str]:
    """Name and element; a column that is declared by one word is named after its element."""
    if isinstance(declared, str):
        return declared.removesuffix("!"), declared.removesuffix("!")
    return declared["name"], declared.get("element", declared["name"])
