"""The forms of identity numbers: a check that reads a number's parts applies to values of the form only.

The functions here are what the SQLAlchemy conditions of this package are written with, which use DuckDB's functions;
`on_spark.py` has the same for Spark.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

Text = sa.ColumnElement[Any]
Holds = sa.ColumnElement[bool]

ID_NUMBER = "^[0-9]{17}[0-9X]$"
# A value set may come as a few long strings of codes with this between them (see `among`).
SEPARATOR = "\x1f"
CREDIT_CODE = "^[1-9ANY][0-9ABCDEFGHJKLMNPQRTUWXY][0-9]{6}[0-9ABCDEFGHJKLMNPQRTUWXY]{10}$"
LICENSE_IDENTIFIER = (
    "^1[.]2[.]156[.]3005[.]2[.]"
    f"{CREDIT_CODE[1:-1]}[0-9A-Z]{{3}}[.]{CREDIT_CODE[1:-1]}[.][0-9A-Z]+[.][0-9]{{3}}[.][0-9A-Z]$"
)


def where_of_form(column: Text, form: str, condition: Holds) -> Holds:
    """`condition` for values of that form; any other value is for the rule on the form alone.

    `condition` must be TRUE or FALSE for values of the form. The form is looked at only where it does not hold.
    """
    return sa.case((condition, sa.true()), else_=sa.not_(sa.func.regexp_matches(column, sa.literal(form))))


def part(column: Text, first: int, length: int) -> Text:
    """`length` characters from the 1-based position `first`."""
    return sa.func.substr(column, first, length)


def among(value: Text, value_set: list[str]) -> Holds:
    """Whether the value is one of the codes; an entry of the set may hold several codes, joined by `SEPARATOR`.

    They go to the database as one list: thousands of literals would be slow to compare.
    """
    codes = [code for entry in value_set for code in entry.split(SEPARATOR)]
    return value.in_(sa.select(sa.func.unnest(sa.literal(codes, ARRAY(sa.String)))).scalar_subquery())
