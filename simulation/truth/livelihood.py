"""What the tables of payments, allowances, housing funds and dwellings must hold, and what contradicts what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from simulation.truth.allowances import allowances_due
from simulation.truth.housing_funds import housing_funds_due
from simulation.truth.payments import payments_due
from simulation.truth.persons import Found, Known, Row, rows_of
from simulation.truth.real_estates import real_estates_due
from simulation.truth.standing import Standing
from simulation.truth.writing import Truth
from simulation.world.block import World

Due = Callable[[Truth, Sequence[Row], Known], Found]
DUE: Mapping[str, Due] = {
    "social_insurance_payment": payments_due,
    "minimum_living_allowance": allowances_due,
    "housing_fund": housing_funds_due,
    "real_estate_registration": real_estates_due,
}
SOURCES = (*DUE, "allowance_standard")


def livelihood_due(truth: Truth, standings: Iterable[Standing], world: World) -> None:
    """The satellites of these sources, what of them flows back, and the findings."""
    found = Counter[tuple[str, str]]()
    rows = {standing.table.source: rows_of(standing) for standing in standings if standing.table.source in SOURCES}
    known = Known(world, rows)
    for source, due in DUE.items():
        found += due(truth, rows[source], known)
    for (rule, subject), times in found.items():
        truth.finding("person", rule, subject, rows=times)
