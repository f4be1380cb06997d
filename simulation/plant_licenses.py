"""Defects and oddities of e-licences, and what becomes of some of them later."""

from __future__ import annotations

from collections.abc import Callable

from simulation.calendar import SENTINELS, SINCE, full_width
from simulation.checksums import ORGANISATION_CHECKS, credit_check
from simulation.licenses import ORGANISATION, PERSON, ROOT, TYPES, identifier, with_another_check, with_version
from simulation.plant_ids import wrong_check
from simulation.plant_records import later
from simulation.plant_spellings import MARKS, YEAR_ONE, midnight, respell
from simulation.plant_versions import DELETES, UNKNOWN_FLAGS, key_alone, withdraw
from simulation.subjects import Register
from simulation.table import LATER, MAIN, Broken, Table
from simulation.vocabulary import LICENSE_STATE

LATER_ROWS_EACH = 10
Rows = Callable[[], list[int]]


def plant_licenses(register: Register) -> None:
    """What happens to the records of e-licences; nothing happens to one record twice."""
    table, rows = register.table, register.rows
    _identifiers(table, rows)
    _codes(table, rows)
    _holders(table, rows)
    _marks(table, rows)
    _organisation_codes(table, rows)
    _dates(table, rows)
    _other_values(table, rows)
    _records(table, rows)
    _what_came_later(table, rows, register.moments(LATER_ROWS_EACH * register.each, SINCE))


def _identifiers(table: Table, rows: Rows) -> None:
    for row in rows():
        table.put(row, "license_identifier", with_another_check(table.sent["license_identifier"][row]))
        table.quarantine(row, "license_check_character", "license_identifier.check_character")
    for at, row in enumerate(rows()):
        whole = table.sent["license_identifier"][row]
        broken = [whole.removeprefix(ROOT), whole[:-2], whole.replace(".001.", ".1.")][at % 3]
        table.put(row, "license_identifier", broken)
        table.quarantine(row, "license_form", "license_identifier.form")
    for at, row in enumerate(rows()):
        whole = table.sent["license_identifier"][row]
        spelt = [whole.lower(), full_width(whole), f" {whole[:15]} {whole[15:]}\u3000"][at % 3]
        table.put(row, "license_identifier", spelt, whole)
        table.accept(row, "license_spelling")


def _codes(table: Table, rows: Rows) -> None:
    """Codes beside the identifier that are not those in it."""
    for row in rows():
        own = table.sent["issuer_code"][row]
        others = (kind.issuer(own[2:8])[0] for kind in TYPES)
        table.put(row, "issuer_code", next(other for other in others if other != own))
        table.quarantine(row, "license_of_another_issuer", "issuer_matches_identifier")
    for row in rows():
        own = table.sent["type_code"][row]
        table.put(row, "type_code", next(kind.code for kind in TYPES if kind.code != own))
        table.quarantine(row, "license_of_another_type", "type_matches_identifier")
    for row in rows():
        first17 = table.sent["issuer_code"][row][:17]
        wrong = "1" if credit_check(first17) != "1" else "2"
        table.put(row, "issuer_code", first17 + wrong)
        table.quarantine(row, "license_issuer_check_digit", "issuer_code.check_digit", "issuer_matches_identifier")


def _holders(table: Table, rows: Rows) -> None:
    """A holder's code that is none of the type that is said."""
    types = table.column("holder_code_type")
    for at, row in enumerate(rows()):
        other = next(n for n in range(len(table)) if types[n] in (PERSON, ORGANISATION) and types[n] != types[row])
        own = table.sent["holder_code"][row]
        damaged = wrong_check(own) if types[row] == PERSON else own[:17]
        wrong = [table.sent["holder_code"][other], damaged][at % 2]
        table.put(row, "holder_code", wrong)
        table.quarantine(row, "holder_code_of_another_type", "holder_code_fits_type")


def _marks(table: Table, rows: Rows) -> None:
    for at, row in enumerate(rows()):
        column = ["license_identifier", "holder_code", "issuer_code", "license_number"][at % 4]
        respell(table, row, column, "identifier_with_marks", MARKS[at % len(MARKS)])


def _organisation_codes(table: Table, rows: Rows) -> None:
    """An issuer whose code holds an organisation code with another check than its own (GB 11714)."""
    for row in rows():
        code = table.sent["issuer_code"][row]
        at = (ORGANISATION_CHECKS.index(code[16]) + 5) % len(ORGANISATION_CHECKS)
        first17 = code[:16] + ORGANISATION_CHECKS[at]
        issuer = first17 + credit_check(first17)
        type_code, _, serial = table.sent["license_identifier"][row].removeprefix(ROOT).split(".")[:3]
        table.change(row, "issuer_code", issuer)
        table.change(row, "license_identifier", identifier(type_code, issuer, serial, 1))
        table.flag(row, "organisation_check", "issuer_code.organisation_check")


def _dates(table: Table, rows: Rows) -> None:
    for at, row in enumerate(rows()):
        column = ["valid_to", "issued_on"][at % 2]
        table.put(row, column, midnight(str(table.column(column)[row]), at))
        table.accept(row, "date_with_offset")
    for row in rows():
        table.put(row, "valid_from", YEAR_ONE[0], None)
        table.accept(row, "date_year_one")
    for row in rows():
        table.put(row, "issued_on", "2099-01-01")
        table.quarantine(row, "license_issued_in_future", "issued_on.not_future")
    for row in rows():
        table.put(row, "valid_from", "2024-02-30")
        table.quarantine(row, "license_date_unreadable", "valid_from.form")
    for row in rows():
        table.change(row, "valid_to", "2019-12-31")
        table.flag(row, "license_validity_out_of_order", "validity_in_order")
    for at, row in enumerate(rows()):
        table.put(row, "valid_to", [*SENTINELS, "长期", "永久有效"][at % (len(SENTINELS) + 2)], None)
        table.accept(row, "license_without_end")
    for row in rows():
        table.put(row, "valid_to", "长期", None)
        table.accept(row, "license_without_end_in_words")


def _other_values(table: Table, rows: Rows) -> None:
    for row in rows():
        table.put(row, "state", "挂失")
        table.quarantine(row, "license_state_unknown", "state.listed")
    for row in rows():
        table.change(row, "holder_code_type", "工作证")
        table.flag(row, "holder_code_type_unknown", "holder_code_type.listed")
    for row in rows():
        table.put(row, "holder_name", "无")
        table.quarantine(row, "required_missing", "holder_name.required")


def _records(table: Table, rows: Rows) -> None:
    for row in rows():
        table.damage(row, Broken.NO_JSON, "row.unreadable")
    for row in rows():
        table.flag(table.copy_row(row), "row_repeated", "row.repeated")
    for row in rows():
        twin = table.copy_row(row)
        table.put(twin, "license_number", "蒙00-0")
        for each in (row, twin):
            table.quarantine(each, "row_contradiction", "row.contradiction")


def _what_came_later(table: Table, rows: Rows, when: list[str]) -> None:
    when = sorted(when, reverse=True)
    for row in rows():
        new = later(table, row, "U", when.pop())
        table.put(new, "state", LICENSE_STATE["07"][0], "07")
        table.accept(new, "license_revoked")
    for row in rows():
        table.accept(later(table, row, "D", when.pop()), "license_deleted")
    for at, row in enumerate(rows()):
        flag = DELETES[at % len(DELETES)]
        table.accept(withdraw(table, row, flag, when.pop()), "deleted_in_another_spelling")
    for row in rows():
        gone = withdraw(table, row, "D", when.pop())
        key_alone(table, gone)
        table.accept(gone, "deleted_by_key_alone")
    for at, row in enumerate(rows()):
        copy = later(table, row, UNKNOWN_FLAGS[at % len(UNKNOWN_FLAGS)], when.pop())
        table.quarantine(copy, "delete_flag_unknown", "delete_flag.known")
    for row in rows():
        table.accept(_version(table, row, 2, when.pop()), "license_new_version")
    for row in rows():
        # The third version is there before the second.
        third = _version(table, row, 3, when.pop())
        table.part[third] = MAIN
        table.accept(third, "license_versions_out_of_order")
        table.accept(_version(table, row, 2, when.pop()), "license_versions_out_of_order")
    for row in rows():
        # A second version that was withdrawn: the first is the current one again.
        table.accept(_version(table, row, 2, when.pop()), "license_version_deleted")
        table.accept(later(table, len(table) - 1, "D", when.pop()), "license_version_deleted")


def _version(table: Table, row: int, version: int, moment: str) -> int:
    new = later(table, row, "A", moment)
    table.change(new, "license_identifier", with_version(table.sent["license_identifier"][row], version))
    assert table.part[new] == LATER
    return new
