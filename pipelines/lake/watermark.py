"""What each commit carries: the version of every input that it holds, under which declarations, and by which key."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

SAME_AS = "same_as"
KEY = "key"
CARRIED_OVER = "carried_over"
REWOUND = ("rewound", -1)


@dataclass(frozen=True)
class Watermark:
    """Inputs as path → (table id, version), and the digest of the declarations that the table was computed with.

    A version is the last one that changed the input's rows: commits that only move a watermark are no news.
    """

    inputs: dict[str, tuple[str, int]]
    declarations: str

    def to_json(self, key: Sequence[str] = (), same_as: int | None = None) -> str:
        """As user metadata of a table whose rows `key` tells apart.

        `same_as` is the version whose rows the commit leaves as they are.
        """
        kept = {"inputs": self.inputs, "declarations": self.declarations, KEY: [*key]}
        return json.dumps(kept if same_as is None else kept | {SAME_AS: same_as}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str | None) -> Watermark | None:
        """The watermark in a commit's user metadata; None where the commit carries none."""
        if not text:
            return None
        kept = json.loads(text)
        if "declarations" not in kept:
            return None
        inputs = {path: (table_id, version) for path, (table_id, version) in kept["inputs"].items()}
        return cls(inputs, kept["declarations"])


def written_key(metadata: str | None) -> tuple[str, ...]:
    """The columns that told a table's rows apart when they were written; none where no commit has said so."""
    return tuple(json.loads(metadata or "{}").get(KEY, ()))


def carried_over(metadata: str, origins: Mapping[str, Mapping[str, str | int]]) -> str:
    """What a commit says whose partitions hold the rows of older tables: by partition the table, its id and version."""
    return json.dumps(json.loads(metadata) | {CARRIED_OVER: origins}, sort_keys=True)


def is_carried_over(metadata: str | None) -> bool:
    """Whether the rows are still those of older tables."""
    return CARRIED_OVER in json.loads(metadata or "{}")


def content_version(metadata: str | None, version: int) -> int:
    """The version since which a table's rows are what they are, by the user metadata of its newest commit."""
    return int(json.loads(metadata or "{}").get(SAME_AS, version))


def changed_now(metadata: str | None) -> str:
    """What a commit says that changes rows and nothing else: all that the one before said but since when."""
    kept = {name: value for name, value in json.loads(metadata or "{}").items() if name != SAME_AS}
    return json.dumps(kept, sort_keys=True, ensure_ascii=False)


def unchanged_since(metadata: str | None, same_as: int) -> str:
    """What a commit says that leaves the rows as they are: all that the one before said, and since when."""
    return json.dumps(json.loads(metadata or "{}") | {SAME_AS: same_as}, sort_keys=True, ensure_ascii=False)


def rewound(metadata: str | None, same_as: int, inputs: Iterable[str]) -> str:
    """What a commit says whose rows may be of versions of `inputs` that are no more: they follow from none there is."""
    kept = json.loads(metadata or "{}")
    kept["inputs"] = {**kept.get("inputs", {}), **dict.fromkeys(inputs, REWOUND)}
    return unchanged_since(json.dumps(kept), same_as)
