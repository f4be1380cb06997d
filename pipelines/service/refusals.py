"""What a client is told when a request is not taken: the HTTP status, the row, the reason, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Refusal(Exception):  # noqa: N818  it is the answer to a wrong request, not what we did wrong
    """A request that is not taken. `error` is a word for programs; no text holds values of the data.

    `row` is the 1-based row: the place in a JSON array, the line in JSON lines.
    """

    def __init__(self, status: int, error: str, reason: str, todo: str, row: int | None = None, **headers: str) -> None:
        super().__init__(reason)
        self.status, self.error, self.reason, self.todo, self.row = status, error, reason, todo, row
        self.headers: Mapping[str, str] = {name.replace("_", "-"): value for name, value in headers.items()}

    @property
    def body(self) -> dict[str, Any]:
        return {"error": self.error, "row": self.row, "reason": self.reason, "todo": self.todo}


def bad_row(error: str, row: int, reason: str, todo: str) -> Refusal:
    return Refusal(400, error, f"row {row}: {reason}", todo, row)


def unknown_token(reason: str, todo: str, state: str = "unknown") -> Refusal:
    """Of a sender whose token does not count; `state` is unknown, revoked or expired."""
    return Refusal(401, f"token_{state}", reason, todo, WWW_Authenticate="Bearer")
