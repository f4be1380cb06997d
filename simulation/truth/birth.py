"""Births with their certificates and children, the parents of these, and what contradicts them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from simulation.truth.against_register import (
    HOUSEHOLD,
    Known,
    Row,
    age_on,
    find,
    find_subjects,
    of_the_dead,
    unlike_names,
)
from simulation.truth.writing import Truth
from simulation.world.calendar import day_number

CERTIFICATE, VOID, VALID = "birth_registration", "作废", "有效"
ROLES = {"mother": "mother_document", "father": "father_document"}
COLUMNS = (
    "birth_number certificate_number certificate_state child_name sex born_at born_on birth_region birth_place_type"
)
COLUMNS += " birth_institution mother_name mother_document father_name father_document issuer child_id link_method"
COLUMNS += " valid_from valid_to is_current"
TWINS, HALF_A_YEAR, PREGNANCY, LETTER_SINCE = 3, 180, 300, "2023-04-01"


def births_due(truth: Truth, known: Known) -> None:
    """The satellites of births and of children with parents, what of them flows back, and what is found."""
    certificates, members = known.rows(CERTIFICATE), known.rows(HOUSEHOLD)
    births: dict[str, list[Row]] = defaultdict(list)
    for row in certificates:
        row["birth_number"] = row["original_number"] or row["certificate_number"]
        births[str(row["birth_number"])].append(row)
    by_number = {str(member["id_number"]): member for member in members}
    households: dict[str, list[Row]] = defaultdict(list)
    for member in members:
        if member["household_number"]:
            households[member["household_number"]].append(member)
    for some in births.values():
        _settle(some, by_number, households)
    due = {name: [row[name] for row in certificates] for name in COLUMNS.split()}
    truth.table("foundation/person/birth", due)
    truth.returned("person/birth", due["birth_region"], {n: due[n] for n in ("birth_number", "certificate_number")})
    current = [row for row in certificates if row["is_current"] == "true"]
    _parents_due(truth, known, current)
    _find(truth, known, certificates, current, by_number)


def _order(row: Row) -> tuple[str, str]:
    return str(row["issued_on"]), str(row["certificate_number"])


def _settle(certificates: list[Row], by_number: Mapping[str, Row], households: Mapping[str, list[Row]]) -> None:
    """What follows for the certificates of one birth: from when to when they were good, and whose birth it was."""
    certificates.sort(key=_order)
    good = [row for row in certificates if row["certificate_state"] != VOID]
    stated = max((row["child_id"] or "" for row in certificates), default="")
    found, method = _member((good or certificates)[-1], by_number, households)
    for at, row in enumerate(certificates):
        later = certificates[at + 1]["issued_on"] if at + 1 < len(certificates) else None
        moment = row["updated_at"]
        void_on = moment[:10] if moment and row["certificate_state"] == VOID else None
        row["valid_from"], row["valid_to"] = row["issued_on"], later or void_on
        row["child_id"] = stated or found
        row["link_method"] = "stated_number" if stated else method
        row["is_current"] = "true" if good and row is good[-1] else "false"


def _member(
    row: Row, by_number: Mapping[str, Row], households: Mapping[str, list[Row]]
) -> tuple[str | None, str | None]:
    """Who of a parent's household was born on that day."""
    fit: dict[str | None, str | None] = {}
    for document in ROLES.values():
        parent = by_number.get(str(row[document]))
        home = households.get(str(parent["household_number"]), []) if parent else []
        for member in home:
            if row["sex"] and (member["birth_date"], member["sex"]) == (row["born_on"], row["sex"]):
                fit[member["id_number"]] = member["person_name"]
    if len(fit) == 1:
        return next(iter(fit)), "parents_and_date"
    named = [number for number, name in fit.items() if name == row["child_name"]]
    return (named[0], "parents_date_and_name") if len(named) == 1 else (None, None)


def _parents_due(truth: Truth, known: Known, current: list[Row]) -> None:
    last = {str(row["child_id"]): row for row in sorted(current, key=_order) if row["child_id"]}
    names = ["id_number", "relation", "parent_document", "parent_name", "born_on", "certificate_number", "link_method"]
    rows = [
        [child, role, row[document], row[f"{role}_name"], row["born_on"], row["certificate_number"], row["link_method"]]
        for child, row in last.items()
        for role, document in ROLES.items()
        if row[document]
    ]
    due = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    truth.table("foundation/person/parent_child", due)
    places = [known.regions.get(str(child)) for child in due["id_number"]]
    truth.returned("person/parent_child", places, {name: due[name] for name in names[:2]})


def _find(
    truth: Truth, known: Known, certificates: list[Row], current: list[Row], by_number: Mapping[str, Row]
) -> None:
    find_subjects(truth, "birth_not_in_household_register", dict.fromkeys(_missing(current, by_number)))
    near = _too_near(current)
    find(
        truth,
        "births_too_near",
        [row for row in certificates if row["certificate_number"] in near],
        subject="mother_document",
    )

    def after(days: int) -> Callable[[Row, str], bool]:
        return lambda row, died: day_number(str(row["born_on"])) - day_number(died) > days

    late = [
        (row, document)
        for document, days in ((ROLES["mother"], 0), (ROLES["father"], PREGNANCY))
        for row in of_the_dead(certificates, known, after(days), document)
    ]
    _find_each(truth, "birth_after_death_of_parent", late)
    aged = [
        (row, document)
        for row in certificates
        for document in ROLES.values()
        if _is_number(row[document]) and not 12 <= age_on(row[document], row["born_on"]) <= 60
    ]
    _find_each(truth, "parent_beyond_age", aged)
    # Before it was settled a certificate stated its own child.
    stated = [row | {"child_id": own} for row, own in zip(known.rows(CERTIFICATE), _stated(known), strict=True)]
    roles = {"child": "child_id", **ROLES}
    unlike = [
        (row, number) for role, number in roles.items() for row in unlike_names(stated, known, number, f"{role}_name")
    ]
    _find_each(truth, "name_on_birth_certificate_unlike_household", unlike)
    mistaken = [
        row
        for row in certificates
        if (str(row["issued_on"]) >= LETTER_SINCE) != str(row["certificate_number"]).startswith("X")
    ]
    find(truth, "certificate_letter_unlike_date", mistaken, subject="certificate_number")
    replaced = {row["original_number"] for row in certificates if row["certificate_state"] in ("换发", "补发")}
    still = [row for row in certificates if row["certificate_state"] == VALID and not row["original_number"]]
    still = [row for row in still if row["certificate_number"] in replaced]
    find(truth, "replaced_certificate_still_valid", still, subject="certificate_number")
    delivered = {row["certificate_number"] for row in certificates}
    lost = [row for row in certificates if row["original_number"] and row["original_number"] not in delivered]
    find(truth, "original_certificate_unknown", lost, subject="original_number")


def _stated(known: Known) -> list[str | None]:
    return known.registers[CERTIFICATE].values("child_id")


def _is_number(document: str | None) -> bool:
    return document is not None and len(document) == 18 and document[:17].isdigit()


def _find_each(truth: Truth, rule: str, rows: Iterable[tuple[Row, str]]) -> None:
    """One finding for each certificate and person."""
    at_fault = dict.fromkeys((str(row["certificate_number"]), str(row[column])) for row, column in rows)
    find_subjects(truth, rule, (person for _, person in at_fault))


def _missing(current: list[Row], by_number: Mapping[str, Row]) -> list[str]:
    """In whose household a child is missing; all files are delivered more than a month after the last birth."""
    missing = [row for row in current if str(row["child_id"]) not in by_number]
    asked = [(row["mother_document"], row["father_document"], row["certificate_number"]) for row in missing]
    return [
        str(next((parent for parent in (mother, father) if str(parent) in by_number), certificate))
        for mother, father, certificate in asked
    ]


def _too_near(current: list[Row]) -> set[str | None]:
    days: dict[str | None, list[tuple[int, str | None]]] = defaultdict(list)
    for row in current:
        days[row["mother_document"]].append((day_number(str(row["born_on"])), row["certificate_number"]))
    return {
        certificate
        for births in days.values()
        for day, certificate in births
        if any(TWINS < abs(day - other) < HALF_A_YEAR for other, _ in births)
    }
