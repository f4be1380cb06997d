"""Data element 数据元: what a value is, once for the whole platform."""

from __future__ import annotations

import datetime
import re
from typing import Any, Literal

from pydantic import ConfigDict, Field, field_validator

from pipelines.declarations.reading import Declared

Severity = Literal["critical", "warning"]
# An engine's decimals have 38 digits; reading one twice takes one more for the sign and one for what is rounded up.
MOST_DIGITS = 36
Grade = Literal["public", "internal", "personal", "sensitive_personal"]


class Check(Declared):
    """One check of an element: a Great Expectations type and its arguments; the column is filled in per use.

    `where: sent` applies the check only to rows in which the agency sent a value at all.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    type: str = Field(pattern=r"^expect_[a-z0-9_]+$")
    title: str
    severity: Severity = "critical"
    where: Literal["sent"] | None = None
    codes: str | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        return {k: v.isoformat() if isinstance(v, datetime.date) else v for k, v in (self.model_extra or {}).items()}


class Mask(Declared):
    """Characters of a personal value that stay readable; the rest becomes `*`."""

    keep_first: int = Field(0, ge=0)
    keep_last: int = Field(0, ge=0)


class Element(Declared):
    """A data element. `type` is an Ibis type; `normalise` names a function of `pipelines/elements/`.

    `holds` names another element, one of whose values a value of this one may be. A personal `identifier` tells people
    apart: where it is masked, a pseudonym stands for it, by which tables can be joined.
    """

    name: str
    title: str
    standard: str | None = None
    type: str = "string"
    normalise: str = "text"
    codes: str | None = None
    alias: bool = False
    holds: str | None = None
    identifier: bool = False
    compare: Literal["value", "name_key"] = "value"
    grade: Grade
    mask: Mask | None = None
    checks: dict[str, Check] = Field(default_factory=dict)

    @field_validator("type")
    @classmethod
    def _known_type(cls, value: str) -> str:
        if value in {"string", "date", "timestamp", "int64"}:
            return value
        digits = re.fullmatch(r"decimal\((\d+), ?(\d+)\)", value)
        if digits is None:
            raise ValueError(f"`{value}` is none of string, date, timestamp, int64, decimal(p,s)")
        if not int(digits[2]) < int(digits[1]) <= MOST_DIGITS:
            raise ValueError(
                f"`{value}`: write decimal(p,s) of at most {MOST_DIGITS} digits, fewer behind the point than in all"
            )
        return value

    @property
    def ibis_type(self) -> str:
        return "timestamp('UTC')" if self.type == "timestamp" else self.type

    @property
    def is_text(self) -> bool:
        """Text elements keep an unreadable value as it is; typed ones turn it into NULL, so what was sent is kept."""
        return self.type == "string"

    @property
    def is_decimal(self) -> bool:
        return self.type.startswith("decimal(")

    @property
    def code_list(self) -> str | None:
        """The code list that holds all values of the element."""
        in_set = (check.codes for check in self.checks.values() if check.type == "expect_column_values_to_be_in_set")
        return self.codes or next((codes for codes in in_set if codes), None)

    @property
    def is_dated(self) -> bool:
        return self.type in ("date", "timestamp")

    @property
    def is_personal(self) -> bool:
        return self.grade in ("personal", "sensitive_personal")
