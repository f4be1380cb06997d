"""Defects and oddities of how a publication names its subject: which code stands where, and what is left of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simulation.checksums import CREDIT_ALPHABET, credit_check
from simulation.defects.id_numbers import FIFTEEN_DIGITS
from simulation.planting import AS_SENT, Planting, accepted, flagged, on
from simulation.publications import ORGANISATION, PERSON, TRADER, Subject, of_category
from simulation.subjects import Register
from simulation.table import Table
from simulation.truth.golden import name_key
from simulation.vocabulary import SUBJECT_CATEGORY
from simulation.world.people import Mask

CODE_FORM, CODE_CHECK, CODES, DOCUMENT, GIVEN, FITS = (
    "credit_code_form",
    "credit_code_check_digit",
    "codes_of_organisations",
    "document_of_persons",
    "document_given",
    "document_fits_type",
)
ORGANISATIONS, PERSONS = of_category(ORGANISATION, TRADER), of_category(PERSON)
Beside = Callable[[Table, int, int], None]


def keep_special(register: Register) -> None:
    """Nothing is planted in rows that are there for a finding."""
    register.of.free[np.array(register.table.meant["kept"][: register.subjects])] = False


def _subject(table: Table, row: int) -> Subject:
    return table.meant["subject"][row]


def found_by(method: str) -> Beside:
    """The subject is found all the same, by something else."""

    def beside(table: Table, row: int, at: int) -> None:
        table.meant["method"][row] = method

    return beside


def not_found(table: Table, row: int, at: int = 0) -> None:
    """Nobody is found; an organisation of that name may be meant."""
    for column in ("credit_code", "id_number", "subject_region"):
        table.meant[column][row] = None
    table.meant["method"][row] = "name" if _subject(table, row).credit_code else None
    if _subject(table, row).id_number:
        table.meant["candidates"][row] = None


def unknown(table: Table, row: int, at: int = 0) -> None:
    """Nobody is known by the code, and nobody has the name."""
    not_found(table, row)
    table.meant["method"][row] = table.meant["candidates"][row] = None
    rename(table, row, f"外省{row}号商贸有限公司")


def rename(table: Table, row: int, name: str) -> None:
    table.change(row, "subject_name", name)
    table.due["subject_key"][row] = name_key(name)


def _wrong_check(code: str) -> str:
    return code[:17] + CREDIT_ALPHABET[(CREDIT_ALPHABET.index(code[17]) + 5) % 31]


def _of_another(code: str) -> str:
    """A code that fits its check and that nobody has: of a department of culture, with its organisation code."""
    first17 = "49" + code[2:17]
    return first17 + credit_check(first17)


# An organisation's code that is misread, cut, doubled or wrong; and one that no register holds.
MISREAD = flagged(
    "credit_code_misread",
    lambda code: f"{code[:2]}I{code[3:]}",
    lambda code: f"{code[:2]}{code[2:].replace('0', 'O', 1)}" if "0" in code[2:] else f"{code[:2]}I{code[3:]}",
    beside=found_by("misread_credit_code"),
)
CUT = flagged("credit_code_of_another_length", lambda code: code[:17], lambda code: code + code[17], beside=not_found)
WRONG_CHECK = flagged("credit_code_check_of_subject", _wrong_check, beside=not_found)
UNKNOWN = accepted("subject_unknown", _of_another, due=AS_SENT, beside=unknown)


def _organisation_code(code: str) -> str:
    return f"{code[8:16]}-{code[16]}"


IN_CODE_COLUMN = flagged("organisation_code_as_credit_code", _organisation_code, beside=found_by("organisation_code"))


def _moved(
    column: str, kind: str, method: str, value: Callable[[Subject], str], among: Callable[[Register], Mask]
) -> Planting:
    """The subject is named by another code, in the column for it; the credit code is missing."""

    def plant(register: Register) -> None:
        table = register.table
        for row in register.rows(also=among(register)):
            table.put(row, "reported_credit_code", "", None)
            table.change(row, column, value(_subject(table, row)))
            table.meant["method"][row] = method
            table.accept(row, kind)

    return Planting(plant)


def _by_register(register: Register) -> Mask:
    """Enterprises whose register number no other has."""
    return ORGANISATIONS(register) & _of_subjects(register, lambda subject: subject.is_lone)


def _by_certificate(register: Register) -> Mask:
    return ORGANISATIONS(register) & _of_subjects(register, lambda subject: subject.registration_number.endswith("号"))


def _of_pair(register: Register) -> Mask:
    """Enterprises that share their register number with another one of which every register says what is so."""
    return ORGANISATIONS(register) & _of_subjects(register, lambda subject: bool(subject.sharing))


def _of_subjects(register: Register, fits: Callable[[Subject], bool]) -> Mask:
    return np.array([fits(subject) for subject in register.table.meant["subject"][: register.subjects]])


def _number_in_code_column(register: Register) -> None:
    table = register.table
    for row in register.rows(also=_by_register(register)):
        table.change(row, "reported_credit_code", _subject(table, row).registration_number)
        table.meant["method"][row] = "registration_number"
        table.flag(row, "registration_number_as_credit_code", CODE_FORM)


def _shared_number(register: Register) -> None:
    """A number that two enterprises have: the name tells which is meant, or nothing does."""
    table = register.table
    for at, row in enumerate(register.rows(2 * register.each, _of_pair(register))):
        subject = _subject(table, row)
        table.put(row, "reported_credit_code", "", None)
        table.change(row, "reported_registration_number", subject.registration_number)
        table.meant["candidates"][row] = ";".join(sorted([subject.code, *subject.sharing]))
        if at % 2:
            not_found(table, row)
            rename(table, row, f"已更名{row}号有限公司")
            table.meant["method"][row] = "registration_number"
            table.accept(row, "registration_number_of_two")
        else:
            table.meant["method"][row] = "registration_number_and_name"
            table.accept(row, "registration_number_of_two_and_name")


def _id_in_code_column(register: Register) -> None:
    """Digits, and X behind them, have the form of a credit code; the check gives most of them away."""
    table = register.table
    shown = _of_subjects(register, lambda subject: credit_check(subject.code[:17]) != subject.code[17])
    for row in register.rows(also=PERSONS(register) & shown):
        number = _subject(table, row).code
        table.change(row, "reported_credit_code", number)
        for column in ("document", "document_type"):
            table.put(row, column, "", None)
        table.flag(row, "id_as_credit_code", CODE_CHECK, CODES, GIVEN)


def _both_blocks(register: Register) -> None:
    table = register.table
    for row in register.rows(also=ORGANISATIONS(register) & _of_subjects(register, lambda s: s.category != TRADER)):
        table.change(row, "document", _subject(table, row).head[1])
        table.put(row, "document_type", "身份证", "111")
        table.flag(row, "organisation_and_person", DOCUMENT)


def _person_as_organisation(register: Register) -> None:
    table = register.table
    for row in register.rows(also=PERSONS(register)):
        table.put(row, "subject_category", SUBJECT_CATEGORY[ORGANISATION][0], ORGANISATION)
        table.flag(row, "person_as_organisation", DOCUMENT)


def masked_number(number: str) -> str:
    return f"{number[:6]}********{number[14:]}"


def _name_of_subject(kind: str, outcome: str, spelling: Callable[[str], str], *rules: str) -> Planting:
    def plant(register: Register) -> None:
        for row in register.rows(also=PERSONS(register)):
            rename(register.table, row, spelling(_subject(register.table, row).name))
            register.table.mark(outcome, row, kind, *rules)

    return Planting(plant)


def name_missing(register: Register) -> None:
    table = register.table
    for at, row in enumerate(register.rows()):
        table.put(row, "subject_name", ["无", "NULL"][at % 2], None)
        table.due["subject_key"][row] = None
        table.quarantine(row, "subject_name_missing", "subject_name.required", "subject_key.required")


def _born_before_2000(register: Register) -> Mask:
    return PERSONS(register) & _of_subjects(register, lambda subject: subject.code[6:10] < "2000")


MASKED_NUMBER = flagged("document_masked", masked_number, beside=found_by("name_and_visible_digits"))
MASKED_NAME = _name_of_subject("subject_name_masked", "flag", lambda name: f"{name[0]}**", "subject_name.masked")
# What all publications with codes and documents share; those of the block of the standard of 2018 have more codes.
ANY_SUBJECT: tuple[Planting, ...] = (
    Planting(keep_special),
    on("reported_credit_code", MISREAD, among=ORGANISATIONS, rules=[CODE_FORM]),
    on("reported_credit_code", CUT, among=ORGANISATIONS, rules=[CODE_FORM]),
    on("reported_credit_code", WRONG_CHECK, among=ORGANISATIONS, rules=[CODE_CHECK]),
    on("reported_credit_code", UNKNOWN, among=ORGANISATIONS),
    on("reported_credit_code", IN_CODE_COLUMN, among=ORGANISATIONS, rules=[CODE_FORM]),
    Planting(_number_in_code_column),
    on("document", MASKED_NUMBER, among=PERSONS, rules=[FITS]),
    on("document", FIFTEEN_DIGITS, among=_born_before_2000),
    MASKED_NAME,
    Planting(name_missing),
)
BLOCK: tuple[Planting, ...] = (
    *ANY_SUBJECT,
    Planting(_shared_number),
    _moved(
        "reported_organisation_code",
        "subject_by_organisation_code",
        "organisation_code",
        lambda subject: subject.code[8:17],
        ORGANISATIONS,
    ),
    _moved(
        "reported_tax_number",
        "subject_by_tax_number",
        "tax_number",
        lambda subject: subject.region + subject.code[8:17],
        ORGANISATIONS,
    ),
    _moved(
        "reported_registration_number",
        "subject_by_registration_number",
        "registration_number",
        lambda subject: subject.registration_number,
        _by_register,
    ),
    _moved(
        "reported_civil_number",
        "subject_by_certificate",
        "registration_number",
        lambda subject: subject.registration_number,
        _by_certificate,
    ),
    Planting(_id_in_code_column),
    Planting(_both_blocks),
    Planting(_person_as_organisation),
)
