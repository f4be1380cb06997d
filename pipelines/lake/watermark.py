"""The watermark that each commit carries: which version of every input it holds, and under which declarations."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Watermark:
    """Inputs as path → (table id, version), and the digest of the declarations that the table was computed with."""

    inputs: dict[str, tuple[str, int]]
    declarations: str

    def to_json(self) -> str:
        return json.dumps({"inputs": self.inputs, "declarations": self.declarations}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str | None) -> Watermark | None:
        """The watermark in a commit's user metadata; None where the commit carries none."""
        if not text:
            return None
        said = json.loads(text)
        if "declarations" not in said:
            return None
        inputs = {path: (table_id, version) for path, (table_id, version) in said["inputs"].items()}
        return cls(inputs, said["declarations"])
