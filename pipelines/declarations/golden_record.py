"""Golden record: one row per key, and per attribute the sources that are its authority (一数一源)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from pipelines.declarations.reading import Declared


class Returns(Declared):
    """How a table flows back to the leagues and cities: the region column that scopes it, and what is withheld by law.

    `scope` is a column of the table, or `record.column` to reach a golden record's region by the table's own key.
    """

    scope: str
    legal_basis: str
    withhold: dict[str, str] = Field(default_factory=dict)


class Attribute(Declared):
    """One attribute: its sources in order of authority, each `source` or `source.column`."""

    title: str | None = None
    sources: tuple[str, ...] = Field((), alias="from")
    otherwise: str | None = Field(None, alias="else")
    resolve: Literal["authority", "latest", "majority"] = "authority"
    compare: Literal["none"] | None = None


class GoldenRecord(Declared):
    """A golden record. `name` is the file's name, `database` the folder it stands in."""

    name: str
    database: str
    title: str
    description: str
    key: str
    attributes: dict[str, Attribute]
    returns: Returns | None = None

    @field_validator("attributes", mode="before")
    @classmethod
    def _not_empty(cls, value: Any) -> Any:
        if not value:
            raise ValueError("a golden record has at least one attribute")
        return value
