"""Where people live apart from their household, and what contradicts that."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from simulation.truth.against_register import Known, Row, age_on, find, of_the_dead, unknown, unlike_names
from simulation.truth.golden import is_over
from simulation.truth.standing import Standing
from simulation.truth.writing import Truth
from simulation.world.calendar import day_number

REGISTRATION, PERMIT = "floating_population_registration", "residence_permit"
CANCELLED, HALF_A_YEAR, OLD_ENOUGH = "注销", 180, 16
AT_WORK = ("务工", "务农", "经商", "服务", "因公", "保姆")
COLUMNS = ["id_number", "source", "number", "residence_region", "residence_address", "residence_reason"]


def residences_due(truth: Truth, known: Known) -> None:
    """The satellite of residences, what of it flows back, and what is found."""
    registrations, permits = known.rows(REGISTRATION), known.rows(PERMIT)
    periods = [*map(_registered, registrations), *map(_permitted, permits)]
    by_person: dict[str | None, list[Row]] = defaultdict(list)
    for period in periods:
        period["is_current"] = "false"
        if not is_over(period["valid_to"]):
            by_person[period["id_number"]].append(period)
    for lasting in by_person.values():
        # Of several that began on one day a registration before a permit, and the highest number.
        order = [(str(row["valid_from"] or ""), row["source"] == REGISTRATION, str(row["number"])) for row in lasting]
        lasting[order.index(max(order))]["is_current"] = "true"
    due = {name: [period[name] for period in periods] for name in [*COLUMNS, "valid_from", "valid_to", "is_current"]}
    truth.table("foundation/person/residence", due)
    truth.returned("person/residence", due["residence_region"], {name: due[name] for name in COLUMNS[:3]})
    _find(truth, known, registrations, permits)


def residents_away(standings: Sequence[Standing]) -> frozenset[str]:
    """Numbers of all who were ever registered apart from their household, of these registers' rows that stand."""
    registered = (standing for standing in standings if standing.table.source == REGISTRATION)
    return frozenset(str(number) for standing in registered for number in standing.values("id_number"))


def _registered(row: Row) -> Row:
    moment = row["updated_at"]
    changed_on = moment[:10] if moment and row["residence_event"] == CANCELLED else None
    return row | {
        "source": REGISTRATION,
        "number": row["registration_number"],
        "valid_from": row["registered_on"],
        "valid_to": row["left_on"] or changed_on,
    }


def _permitted(row: Row) -> Row:
    return row | {"source": PERMIT, "number": row["permit_number"], "valid_from": row["valid_from"] or row["issued_on"]}


def _goes_on(row: Row) -> bool:
    return row["residence_event"] != CANCELLED and not row["left_on"]


def _find(truth: Truth, known: Known, registrations: list[Row], permits: list[Row]) -> None:
    going_on = [row for row in registrations if _goes_on(row)]
    times = Counter(row["id_number"] for row in going_on)
    find(truth, "several_open_registrations", [row for row in going_on if times[row["id_number"]] > 1])
    find(truth, "permit_before_half_a_year", _early(registrations, permits))
    find(truth, "resident_name_unlike_household", unlike_names(registrations, known))
    of_region = [row for row in registrations if str(row["household_region"]).startswith("15")]
    find(truth, "resident_unknown_to_household", unknown(of_region, known))

    def late(row: Row, died: str) -> bool:
        return str(row["registered_on"]) > died or _goes_on(row)

    find(truth, "residence_after_death", of_the_dead(registrations, known, late, "id_number"))
    working = [row for row in registrations if row["residence_reason"] in AT_WORK]
    young = [row for row in working if age_on(row["id_number"], row["registered_on"]) < OLD_ENOUGH]
    find(truth, "resident_working_under_age", young)


def _early(registrations: list[Row], permits: list[Row]) -> list[Row]:
    """Permits issued before half a year of registration, where the county delivers registrations."""
    first: dict[str | None, str] = {}
    for row in registrations:
        number, day = row["id_number"], str(row["registered_on"])
        first[number] = min(day, first.get(number, day))
    counties = {row["residence_region"] for row in registrations}
    judged = [row for row in permits if row["issued_on"] and row["residence_region"] in counties]

    def is_early(row: Row) -> bool:
        since = first.get(row["id_number"])
        return since is None or day_number(str(row["issued_on"])) - day_number(since) < HALF_A_YEAR

    return [row for row in judged if is_early(row)]
