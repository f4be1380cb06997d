"""What follows from certificates of qualification and of practice: their table, and what contradicts what in them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from simulation.licenses import PERSON
from simulation.truth.licenses import IN_FORCE, OUT_OF_FORCE, versions_of
from simulation.truth.satellites import Found, Records, Row, mark_last, place_of, rows_of, table_due
from simulation.truth.standing import Standing
from simulation.truth.writing import Truth

QUALIFICATION, PRACTISING = "qualification_certificate", "practising_certificate"
LEGAL_SERVICE, PENALTY, LICENSE = "legal_service_organisation", "administrative_penalty", "e_license"
HEADED_BY = {"律所": "律师", "公证": "公证员"}


def law_offices(registers: Iterable[Standing]) -> list[tuple[str, str, str, str]]:
    """Code, name, kind and head's number of the law firms and notary offices that go on."""
    rows = [row for at in registers if at.table.source == LEGAL_SERVICE for row in rows_of(at)]
    names = ("credit_code", "entity_name", "entity_type", "representative_id")
    offices = [tuple(str(row[name]) for name in names) for row in rows if _is_headed(row)]
    return [(code, name, kind, head) for code, name, kind, head in offices]


def _is_headed(row: Row) -> bool:
    return row["entity_type"] in HEADED_BY and row["state"] == "1" and row["representative_id"] is not None


def licenses_of_people(register: Standing) -> list[tuple[str, str, str, str]]:
    """Number, holder, state and type of each e-licence that a person holds, as its latest version has it."""
    return [
        (str(row["license_number"]), str(row["holder_code"]), str(row["state"]), str(row["type_name"]))
        for row in versions_of(register).current
        if row["holder_code_type"] == PERSON
    ]


def certificates_due(truth: Truth, rows: Mapping[str, list[Row]], regions: Mapping[str, str | None]) -> None:
    """The table of both kinds of certificate."""
    held = [
        row | {"certificate_kind": "qualification", "scope": row["speciality"], "region": row["issue_region"]}
        for row in rows[QUALIFICATION]
    ]
    held += [
        row
        | {"certificate_kind": "practising", "scope": row["practice_scope"], "region": row["practice_region"]}
        | {"certificate_number": row["practising_number"]}
        for row in rows[PRACTISING]
    ]
    key = ("id_number", "certificate_kind", "certificate_type", "certificate_number")
    names = "certificate_name person_name level issuer state practice_category scope unit_name unit_code"
    copied = (*key, *names.split(), "qualification_number", "region", "valid_to")
    alike = ("id_number", "certificate_kind", "certificate_type", "certificate_name")
    held = [dict.fromkeys(copied) | row for row in held]
    last = mark_last(held, alike, "issued_on")
    due = [
        {name: row[name] for name in copied}
        | {"valid_from": row["issued_on"], "is_current": "true" if at in last else "false"}
        for at, row in enumerate(held)
    ]
    table_due(truth, "certificate", key, due, [place_of(row, regions, "region") for row in held])


def hold_certificates(
    found: Found, registers: Iterable[Standing], rows: Mapping[str, list[Row]], entities: Records
) -> None:
    """What contradicts other registers, by golden record, rule and subject."""
    _hold_against_check(found, rows)
    _hold_against_licenses(found, registers, rows[QUALIFICATION])
    practising = [row for row in rows[PRACTISING] if row["state"] == "执业"]
    standing = {
        (row["id_number"], row["certificate_number"])
        for row in rows[QUALIFICATION]
        if row["state"] not in ("注销", "撤销")
    }
    revoked = _revoked(registers)
    for row in practising:
        number, unit = str(row["id_number"]), row["unit_code"]
        if (row["id_number"], row["qualification_number"]) not in standing:
            found["person", "practising_without_qualification", number] += 1
        if unit and unit not in entities:
            found["person", "practising_unit_unknown", number] += 1
        if unit in entities and entities[str(unit)]["state"] in ("2", "3", "4"):
            found["person", "practising_unit_ended", number] += 1
        if any(_names(text, str(row["practising_number"])) for text in revoked[number]):
            found["person", "practising_after_revocation", number] += 1
    practise = {(row["id_number"], row["certificate_type"]) for row in practising}
    for row in rows[LEGAL_SERVICE]:
        if _is_headed(row) and (row["representative_id"], HEADED_BY[str(row["entity_type"])]) not in practise:
            found["legal_entity", "head_without_practising_certificate", str(row["credit_code"])] += 1


def _hold_against_check(found: Found, rows: Mapping[str, list[Row]]) -> None:
    checked = {row["credit_code"] for row in rows["credit_code_check"]}
    for row in rows[QUALIFICATION]:
        if row["issuer_code"] and row["issuer_code"] not in checked:
            found["legal_entity", "certificate_issuer_unknown", row["issuer_code"]] += 1


def _hold_against_licenses(found: Found, registers: Iterable[Standing], certificates: Iterable[Row]) -> None:
    licenses: dict[str, list[Row]] = defaultdict(list)
    for register in registers:
        if register.table.source == LICENSE:
            for license in versions_of(register).current:
                licenses[str(license["license_number"]).upper()].append(license)
    for row in certificates:
        of_number = licenses[str(row["certificate_number"])]
        own = {license["state"] for license in of_number if license["holder_code"] == row["id_number"]}
        if own:
            is_unlike = row["state"] == "有效" and own & {*OUT_OF_FORCE} and IN_FORCE not in own
            is_unlike = is_unlike or (row["state"] in ("注销", "撤销") and IN_FORCE in own)
        else:
            is_unlike = any(license["type_name"] == row["certificate_name"] for license in of_number)
        if is_unlike:
            found["person", "certificate_unlike_e_license", str(row["id_number"])] += 1


def _revoked(registers: Iterable[Standing]) -> Mapping[str, list[str]]:
    """Number of a person → what penalties that stand have revoked."""
    revoked: dict[str, list[str]] = defaultdict(list)
    for register in registers:
        if register.table.source != PENALTY:
            continue
        persons = [register.table.meant["id_number"][row] for row in register.rows]
        for person, row in zip(persons, rows_of(register), strict=True):
            is_revocation = "5" in str(row["penalty_category"]).split(";") and "吊销" in str(row["content"])
            if person and is_revocation and row["state"] not in ("withdrawn", "repaired"):
                revoked[person].append(str(row["affected_licence"]))
    return revoked


def _names(text: str, number: str) -> bool:
    return re.search(f"(?<![0-9A-Za-z]){re.escape(number)}(?![0-9A-Za-z])", text) is not None
