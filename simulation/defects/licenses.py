"""Defects and oddities of e-licences: their identifiers (GB/T 36904), the codes beside them, and their versions."""

from __future__ import annotations

from simulation.checksums import ORGANISATION_CHECKS, credit_check
from simulation.defects.id_numbers import wrong_check
from simulation.defects.versions import Delivery, deleted_by_key_alone, deleted_in_another_spelling, later, unknown_flag
from simulation.licenses import ORGANISATION, PERSON, ROOT, TYPES, identifier, with_another_check, with_version
from simulation.planting import accepted, flagged, quarantined
from simulation.subjects import Register
from simulation.table import MAIN, Table
from simulation.vocabulary import LICENSE_STATE
from simulation.world.calendar import SINCE, full_width

ISSUER_DIFFERS, TYPE_DIFFERS = "issuer_matches_identifier", "type_matches_identifier"
WRONG_CHECK_CHARACTER = quarantined("license_check_character", with_another_check, checks=["check_character"])
NO_IDENTIFIER = quarantined(
    "license_form",
    lambda whole: whole.removeprefix(ROOT),
    lambda whole: whole[:-2],
    lambda whole: whole.replace(".001.", ".1."),
    checks=["form"],
)
SPELLING = accepted("license_spelling", str.lower, full_width, lambda whole: f" {whole[:15]} {whole[15:]}\u3000")


def _another_issuer(own: str) -> str:
    others = (kind.issuer(own[2:8])[0] for kind in TYPES)
    return next(other for other in others if other != own)


def _wrong_issuer_check(code: str) -> str:
    return code[:17] + ("1" if credit_check(code[:17]) != "1" else "2")


# Codes beside the identifier that are not those in it.
ANOTHER_ISSUER = quarantined("license_of_another_issuer", _another_issuer)
ANOTHER_TYPE = quarantined("license_of_another_type", lambda own: next(kind.code for kind in TYPES if kind.code != own))
ISSUER_CHECK_DIGIT = quarantined("license_issuer_check_digit", _wrong_issuer_check, checks=["check_digit"])
OUT_OF_ORDER = flagged("license_validity_out_of_order", "2019-12-31")


def code_of_another_type(register: Register) -> None:
    """A holder's code that is none of the type that is said."""
    table = register.table
    types = table.column("holder_code_type")
    for at, row in enumerate(register.rows()):
        other = next(n for n in range(len(table)) if types[n] in (PERSON, ORGANISATION) and types[n] != types[row])
        own = table.sent["holder_code"][row]
        damaged = wrong_check(own) if types[row] == PERSON else own[:17]
        wrong = [table.sent["holder_code"][other], damaged][at % 2]
        table.put(row, "holder_code", wrong)
        table.quarantine(row, "holder_code_of_another_type", "holder_code_fits_type")


def issuer_with_another_check(register: Register) -> None:
    """An issuer whose code holds an organisation code with another check than its own (GB 11714)."""
    table = register.table
    for row in register.rows():
        code = table.sent["issuer_code"][row]
        at = (ORGANISATION_CHECKS.index(code[16]) + 5) % len(ORGANISATION_CHECKS)
        first17 = code[:16] + ORGANISATION_CHECKS[at]
        issuer = first17 + credit_check(first17)
        type_code, _, serial = table.sent["license_identifier"][row].removeprefix(ROOT).split(".")[:3]
        table.change(row, "issuer_code", issuer)
        table.change(row, "license_identifier", identifier(type_code, issuer, serial, 1))
        table.flag(row, "organisation_check", "issuer_code.organisation_check")


def _revoked(table: Table, row: int, at: int, moment: str) -> None:
    new = later(table, row, "U", moment)
    table.put(new, "state", LICENSE_STATE["07"][0], "07")
    table.accept(new, "license_revoked")


def _deleted(table: Table, row: int, at: int, moment: str) -> None:
    table.accept(later(table, row, "D", moment), "license_deleted")


def _new_version(table: Table, row: int, at: int, moment: str) -> None:
    table.accept(_version(table, row, 2, moment), "license_new_version")


def _version(table: Table, row: int, version: int, moment: str) -> int:
    new = later(table, row, "A", moment)
    table.change(new, "license_identifier", with_version(table.sent["license_identifier"][row], version))
    return new


WHAT_CAME_LATER: list[Delivery] = [
    _revoked,
    _deleted,
    deleted_in_another_spelling,
    deleted_by_key_alone("D"),
    unknown_flag(),
    _new_version,
]


def what_came_later(register: Register) -> None:
    """Licences that were revoked, withdrawn or issued in another version since."""
    table = register.table
    moments_of_each = len(WHAT_CAME_LATER) + 4
    when = sorted(register.moments(moments_of_each * register.each, SINCE), reverse=True)
    for deliver in WHAT_CAME_LATER:
        for at, row in enumerate(register.rows()):
            deliver(table, row, at, when.pop())
    for row in register.rows():
        # The third version is there before the second.
        third = _version(table, row, 3, when.pop())
        table.part[third] = MAIN
        table.accept(third, "license_versions_out_of_order")
        table.accept(_version(table, row, 2, when.pop()), "license_versions_out_of_order")
    for row in register.rows():
        # A second version that was withdrawn: the first is the current one again.
        table.accept(_version(table, row, 2, when.pop()), "license_version_deleted")
        table.accept(later(table, len(table) - 1, "D", when.pop()), "license_version_deleted")
