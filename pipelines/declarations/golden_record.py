"""Golden record: one row per key, and per attribute the sources that are its authority (一数一源)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, field_validator

from pipelines.declarations.reading import Declared


def _one_or_more(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _each_once(value: tuple[str, ...]) -> tuple[str, ...]:
    if twice := [name for place, name in enumerate(value) if name in value[:place]]:
        raise ValueError(f"{twice[0]} stands twice: name each part once")
    return value


def _as_written(value: tuple[str, ...]) -> str | list[str]:
    return value[0] if len(value) == 1 else list(value)


# A name, or several that are a key together. One is kept as a name alone: what it is part of is told by its digest.
Key = Annotated[
    tuple[str, ...],
    Field(min_length=1),
    BeforeValidator(_one_or_more),
    AfterValidator(_each_once),
    PlainSerializer(_as_written),
]


class Returns(Declared):
    """How a golden record flows back to the leagues and cities: the regions that say whose it is, what stays by law.

    `scope` names attributes; the first whose region lies in a league or city decides.
    """

    scope: tuple[str, ...] = Field(min_length=1)
    legal_basis: str
    withhold: dict[str, str] = Field(default_factory=dict)

    @field_validator("scope", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class Attribute(Declared):
    """One attribute: its sources in order of authority, each `source` or `source.column`.

    `until` names per source the column with the last day on which a row of it counts for this attribute; without such
    a day it counts for good. `unless` names per source columns and the codes with which a row does not count.
    Feeders that `sources` does not list come last if they have a column of this name; with `others: none` they are not
    asked, for theirs is another thing.
    """

    title: str | None = None
    sources: tuple[str, ...] = Field((), alias="from")
    otherwise: str | None = Field(None, alias="else")
    resolve: Literal["authority", "latest", "majority"] = "authority"
    others: Literal["none"] | None = None
    compare: Literal["none"] | None = None
    until: dict[str, str] = Field(default_factory=dict)
    unless: dict[str, dict[str, tuple[str, ...]]] = Field(default_factory=dict)


class GoldenRecord(Declared):
    """A golden record. `name` is the file's name, `database` the folder it stands in.

    `key` names data elements, each a column of the table: the entity first, then what tells its rows apart, such as
    the year that each is of.
    """

    name: str
    database: str
    title: str
    description: str
    key: Key
    attributes: dict[str, Attribute]
    returns: Returns | None = None

    @property
    def entity(self) -> str:
        """The part of the key that says whom a row is about: masks, findings and what flows back go by it."""
        return self.key[0]

    @field_validator("attributes", mode="before")
    @classmethod
    def _not_empty(cls, value: Any) -> Any:
        if not value:
            raise ValueError("a golden record has at least one attribute")
        return value
