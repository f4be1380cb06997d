"""What a source says of a person held against the household register, the registered deaths, and the person's age.

Each function gives the rows at fault of a finding: the subject is the person's id number. `rows` are a source's
standard rows, `source` is its name, `number` the column that holds the person's number.
"""

from collections.abc import Callable

import ibis
import ibis.expr.types as ir

from pipelines.modelling import ClaimsOf, is_id_number

HOUSEHOLD = "household_registration"
# The input `claims` of a finding on names: a name is compared as other registers' are, variant characters alike.
NAMES = {"claims": ClaimsOf("person", "person_name")}
OF_REGION = "15"  # how codes of the autonomous region begin (GB/T 2260)
Condition = Callable[[ir.Table], ir.BooleanValue]


def name_unlike_household(
    rows: ir.Table, claims: ir.Table, source: str, *, number: str = "id_number", key: str = "person_key"
) -> ir.Table:
    """Rows whose name is another one than the household register's; `key` is the column of the name's match key."""
    registered = claims.filter(claims.source == HOUSEHOLD).select(_number="key", _registered="match_key")
    both = rows.inner_join(registered, rows[number] == registered["_number"])
    return at_fault(both.filter(both[key] != both["_registered"]), source, number)


def unknown_to_household(
    rows: ir.Table, household_registration: ir.Table, source: str, *, number: str = "id_number"
) -> ir.Table:
    """Rows whose number the household register has not; `rows` must be of those only who are said to be in it."""
    registered = household_registration.select(_number="id_number")
    persons = rows.filter(is_id_number(rows[number]))
    return at_fault(persons.anti_join(registered, persons[number] == registered["_number"]), source, number)


def after_death(
    rows: ir.Table, person: ir.Table, source: str, is_at_fault: Condition, *, number: str = "id_number"
) -> ir.Table:
    """Rows about the dead for which `is_at_fault` holds, of a table of `rows` with the day of death as `died_on`."""
    dead = person.filter(person.died_on.notnull()).select(_number="id_number", died_on="died_on")
    both = rows.inner_join(dead, rows[number] == dead["_number"])
    return at_fault(both.filter(is_at_fault(both).fill_null(False)), source, number)


def beyond_age(
    rows: ir.Table,
    source: str,
    day: str,
    *,
    least: int | None = None,
    most: int | None = None,
    number: str = "id_number",
) -> ir.Table:
    """Rows in which the person was younger than `least` or had passed `most` years of age on the `day`.

    The birthday is the one in the number. Whoever is `most` years old has not passed that age.
    """
    persons = rows.filter(is_id_number(rows[number]))
    # Days as whole numbers yyyymmdd: a birthday stands so many years in the years' place further on.
    born = persons[number].substr(6, 8).try_cast("int64")
    on = persons[day].strftime("%Y%m%d").cast("int64")
    young = ibis.literal(False) if least is None else on < born + least * 10_000
    old = ibis.literal(False) if most is None else on >= born + (most + 1) * 10_000
    return at_fault(persons.filter((young | old).fill_null(False)), source, number)


def at_fault(rows: ir.Table, source: str, subject: str = "id_number") -> ir.Table:
    """The rows as a finding gives them."""
    return rows.select(subject=rows[subject], source=ibis.literal(source), batch=rows["_batch"], row=rows["_row"])
