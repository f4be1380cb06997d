"""What the findings about payments, allowances, housing funds and dwellings share: rows held against persons."""

from __future__ import annotations

import ibis.expr.types as ir

from foundation_dbs.person import against_register

MONTH = "%Y%m"
WORKING_AGE = 16  # 劳动法 第十五条
CANCELLED = ("3", "4")  # of entity_state: cancelled, withdrawn
ENJOYED = "享受"  # of allowance_state


def at_fault(rows: ir.Table, source: str, subject: str = "id_number") -> ir.Table:
    """Delivered rows as a finding names them, about the person of a column; each once."""
    return against_register.at_fault(rows, source, subject).distinct()


def after_death(rows: ir.Table, person: ir.Table, since: ir.Value, source: str, subject: str = "id_number") -> ir.Table:
    """Rows of the dead whose month or day `since`, a text that begins with yyyyMM, lies after the month of death."""
    dead = person.filter(person.died_on.notnull()).select(dead_id="id_number", died_in=person.died_on.strftime(MONTH))
    dated = rows.mutate(_since=since.left(6))
    both = dated.inner_join(dead, dated[subject] == dead.dead_id)
    return at_fault(both.filter(both["_since"] > both.died_in), source, subject)


def age_in(month: ir.StringValue, number: ir.StringValue) -> ir.IntegerValue:
    """Full years of age at the end of a month (yyyyMM), by the birth month in an id number; NULL for other forms."""
    months = _months(month) - _months(number.substr(6, 6))
    return ((months - months % 12) / 12).cast("int64")


def _months(month: ir.StringValue) -> ir.IntegerValue:
    return month.substr(0, 4).try_cast("int64") * 12 + month.substr(4, 2).try_cast("int64")
