"""What follows from records of schooling and certificates: their tables, and what contradicts what in them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from simulation.checksums import id_check
from simulation.truth.certificates import PRACTISING, QUALIFICATION, certificates_due, hold_certificates
from simulation.truth.golden import name_key
from simulation.truth.satellites import Found, Records, Row, mark_last, place_of, rows_of, table_due
from simulation.truth.standing import Standing
from simulation.truth.writing import Truth

HOUSEHOLD, EDUCATION, DISABILITY = "household_registration", "education_record", "disability_registration"

HEALTH = "health_record"
# Kind of disability on a certificate → the same in a health record; several at once are none of them.
SAME_IN_HEALTH = {"1": "视力", "2": "听力", "3": "言语", "4": "肢体", "5": "智力", "6": "精神"}


@dataclass(frozen=True)
class Life:
    """What of a source is held against a life: states in force, days on which something was given, the youngest age."""

    active: tuple[str, ...]
    days: tuple[str, ...]
    age: int


LIVES = {
    EDUCATION: Life(("在读", "休学"), ("enrolled_in", "graduated_on"), 2),
    DISABILITY: Life(("有效",), ("issued_on",), 0),
    QUALIFICATION: Life((), ("issued_on",), 16),
    PRACTISING: Life(("执业",), ("issued_on",), 18),
}
# The lower the code, the higher the level; 90 is some other one.
UNORDERED = "90"


def schooling(registers: Iterable[Standing]) -> dict[str, str]:
    """Number → level of education in the household register."""
    household = next(register for register in registers if register.table.source == HOUSEHOLD)
    levels = zip(household.values("id_number"), household.values("education_level"), strict=True)
    return {str(number): level for number, level in levels if level}


def credentials_due(
    truth: Truth,
    registers: Sequence[Standing],
    people: Records,
    entities: Records,
    regions: Mapping[str, str | None],
) -> None:
    """The tables of schooling and certificates, what of them flows back, and the findings."""
    if all(register.table.source != EDUCATION for register in registers):
        return
    rows: dict[str, list[Row]] = defaultdict(list)
    for register in registers:
        rows[register.table.source] += rows_of(register)
    _education(truth, rows[EDUCATION], regions)
    _disability(truth, rows[DISABILITY], regions)
    found: Found = Counter()
    for source, life in LIVES.items():
        _hold_against_life(found, rows[source], life, people)
        _hold_against_household(found, rows[source], rows[HOUSEHOLD])
    _hold_schools_against_each_other(found, rows[EDUCATION], rows[HOUSEHOLD])
    _hold_certificates_of_disability(found, rows[DISABILITY])
    _hold_health_against_certificates(found, rows[HEALTH], rows[DISABILITY])
    certificates_due(truth, rows, regions)
    hold_certificates(found, registers, rows, entities)
    for (record, rule, subject), times in found.items():
        truth.finding(record, rule, subject, rows=times)


def _education(truth: Truth, rows: Sequence[Row], regions: Mapping[str, str | None]) -> None:
    key = ("id_number", "record_type", "student_number", "certificate_number")
    copied = "person_name school_code school_name school_region school_stage state major_code education_level degree"
    last = mark_last(rows, ("id_number", "record_type"), "enrolled_in")
    due = [
        {name: row[name] for name in (*key, *copied.split())}
        | {
            "valid_from": row["enrolled_in"],
            "valid_to": row["graduated_on"],
            "is_current": "true" if at in last else "false",
        }
        for at, row in enumerate(rows)
    ]
    table_due(truth, "education", key, due, [place_of(row, regions, "school_region") for row in rows])


def _disability(truth: Truth, rows: Sequence[Row], regions: Mapping[str, str | None]) -> None:
    copied = "disability_number person_name household_region disability_kind disability_grade impaired_part"
    copied += " disability_cause guardian_name guardian_document guardian_relation issuer state"
    of_person: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (str(row["issued_on"]), str(row["updated_at"]))):
        of_person[str(row["id_number"])].append(row)
    due: list[Row] = []
    places = []
    for number, certificates in of_person.items():
        for row, following in zip_longest(certificates, certificates[1:]):
            ends = [day for day in (row["valid_to"], following and following["issued_on"]) if day]
            due.append(
                {"id_number": number}
                | {name: row[name] for name in copied.split()}
                | {
                    "valid_from": row["issued_on"],
                    "valid_to": min(ends, default=None),
                    "is_current": "false" if following else "true",
                }
            )
            places.append(place_of(row, regions, "household_region"))
    table_due(truth, "disability", ("id_number", "disability_number"), due, places)


def _changed(row: Row) -> str | None:
    """The good id number of before that a certificate has in its number."""
    number = str(row["disability_number"])[:18]
    return number if number != row["id_number"] and number[17] == id_check(number[:17]) else None


def numbers_of_before(registers: Iterable[Standing]) -> dict[str, str]:
    """Number of before → number of today, as certificates of disability have them."""
    rows = [row for at in registers if at.table.source == DISABILITY for row in rows_of(at)]
    return {before: str(row["id_number"]) for row in rows if (before := _changed(row))}


def _hold_certificates_of_disability(found: Found, rows: Iterable[Row]) -> None:
    for row in rows:
        number, day = str(row["id_number"]), str(row["issued_on"])
        if row["state"] == "有效" and _changed(row):
            found["person", "disability_id_changed", number] += 1
        of_age = f"{int(number[6:10]) + 18}-{number[10:12]}-{number[12:14]}"
        if row["state"] == "有效" and not row["guardian_name"] and day < of_age:
            found["person", "disabled_minor_without_guardian", number] += 1


def _hold_health_against_certificates(found: Found, records: Iterable[Row], certificates: Iterable[Row]) -> None:
    in_force = [row for row in certificates if row["state"] == "有效"]
    ordered = sorted(in_force, key=lambda row: (str(row["issued_on"]), str(row["updated_at"])))
    kinds = {str(row["id_number"]): str(row["disability_kind"]) for row in ordered}
    for row in records:
        number, stated = str(row["id_number"]), row["disability"]
        if row["record_state"] == "活动" and stated is not None and number in kinds:
            same = SAME_IN_HEALTH.get(kinds[number])
            if stated == "无" or (same and same not in stated.split(";")):
                found["person", "disability_unlike_certificate", number] += 1


def _hold_against_life(found: Found, rows: Iterable[Row], life: Life, people: Records) -> None:
    for row in rows:
        number, days = str(row["id_number"]), [row[name] for name in life.days if row[name]]
        died_on = people[number]["died_on"] if number in people else None
        if died_on and row["state"] in life.active:
            found["person", "credential_in_force_after_death", number] += 1
        if died_on and days and str(days[-1]) > died_on:
            found["person", "credential_after_death", number] += 1
        first = row[life.days[0]]
        if first and first < f"{int(number[6:10]) + life.age}-{number[10:12]}-{number[12:14]}":
            found["person", "credential_age_impossible", number] += 1


def _hold_against_household(found: Found, rows: Iterable[Row], registered: Iterable[Row]) -> None:
    names, numbers = {}, set()
    for row in registered:
        number, key = str(row["id_number"]), name_key(str(row["person_name"]))
        names[number] = key
        numbers.add((key, number[6:14]))
    for row in rows:
        number, key = str(row["id_number"]), str(row["name_key"])
        if number in names and names[number] != key:
            found["person", "credential_name_unlike_household", number] += 1
        if number not in names and (key, number[6:14]) in numbers:
            found["person", "credential_id_unlike_household", number] += 1


def _hold_schools_against_each_other(found: Found, rows: Sequence[Row], registered: Iterable[Row]) -> None:
    schools = Counter(str(row["id_number"]) for row in rows if (row["record_type"], row["state"]) == ("学籍", "在读"))
    for number, times in schools.items():
        if times > 1:
            found["person", "several_enrolments", number] += times
    levels: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if (row["record_type"], row["state"]) == ("学历", "毕业") and _is_ordered(row["education_level"]):
            levels[str(row["id_number"])].add(str(row["education_level"]))
    for row in registered:
        number, level = str(row["id_number"]), row["education_level"]
        if _is_ordered(level) and number in levels and min(levels[number]) < str(level):
            found["person", "household_education_outdated", number] += 1


def _is_ordered(level: str | None) -> bool:
    return level is not None and level.isdigit() and level != UNORDERED
