"""Health records of people, and what contradicts them."""

from __future__ import annotations

from collections import Counter

from simulation.truth.against_register import Known, Row, age_on, find, of_the_dead, unknown, unlike_names
from simulation.truth.writing import Truth

RECORD, ACTIVE, OF_HOUSEHOLD, OLDEST = "health_record", "活动", "1", 120
COLUMNS = ["id_number", "record_number", "record_state", "resident_type", "blood_type", "rh_type", "drug_allergy"]
COLUMNS += ["medical_history", "disability", "issuer", "doctor_name", "followed_up_on"]


def health_due(truth: Truth, known: Known) -> None:
    """The satellite of health records, what of it flows back, and what is found."""
    records = known.rows(RECORD)
    active = [row for row in records if row["record_state"] == ACTIVE]
    current: dict[str | None, str | None] = {}
    for row in sorted(active, key=lambda row: (str(row["created_on"]), str(row["record_number"]))):
        current[row["id_number"]] = row["record_number"]
    due = {name: [row[name] for row in records] for name in COLUMNS}
    due |= {"valid_from": [row["created_on"] for row in records], "valid_to": [row["ended_on"] for row in records]}
    is_current = [current.get(row["id_number"]) == row["record_number"] for row in records]
    truth.table("foundation/person/health", due | {"is_current": ["true" if it else "false" for it in is_current]})
    places = [known.regions.get(str(number)) for number in due["id_number"]]
    truth.returned("person/health", places, {name: due[name] for name in COLUMNS[:2]})
    times = Counter(row["id_number"] for row in active)
    find(truth, "several_open_health_records", [row for row in active if times[row["id_number"]] > 1])
    find(truth, "health_record_after_death", of_the_dead(records, known, _is_late, "id_number"))
    find(truth, "patient_name_unlike_household", unlike_names(records, known))
    of_household = [row for row in records if row["resident_type"] == OF_HOUSEHOLD]
    find(truth, "patient_unknown_to_household", unknown(of_household, known))
    old = [row for row in records if row["followed_up_on"] and _age(row) > OLDEST]
    find(truth, "followed_up_beyond_age", old)


def _is_late(row: Row, died: str) -> bool:
    return row["record_state"] == ACTIVE or max(str(row["created_on"]), row["followed_up_on"] or "") > died


def _age(row: Row) -> int:
    return age_on(row["id_number"], row["followed_up_on"])
