"""Odd spellings of good values in the registers of people: all of them must come through."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import numpy as np

from simulation.block import Block
from simulation.calendar import DATE_SPELLINGS, full_width, iso
from simulation.names import LATIN, SINCE_2022
from simulation.plant_names import rename
from simulation.table import Table
from simulation.vocabulary import EDUCATION, ETHNICITY, INSURANCE, SEX

HOUSEHOLD, PERMIT, INSURED = "household_registration", "residence_permit", "social_insurance"
DEATH = "death_registration"
Spelling = Callable[[str], str]
# What spreadsheets and web pages put around a number: Excel's mark of text, and directions of writing.
MARKS: list[Spelling] = [
    lambda text: "'" + text,
    lambda text: "\u200e" + text,
    lambda text: f"\u202a{text}\u202c",
    lambda text: text + "\u2060",
    lambda text: f"\u202d{text}\u202c",
    lambda text: f" '\u200e{text}",
    lambda text: f"\u202b{text}\u202c",
]
YEAR_ONE = ["0001-01-01", "0001/1/1", "00010101", "0001-01-01 00:00:00"]
PADDED: list[Spelling] = [full_width, lambda code: code + " ", lambda code: f"\u3000{full_width(code)} "]


def plant_spellings(block: Block) -> None:
    """What a value looks like after other programs have had it in their hands."""
    _marks(block)
    _codes(block)
    _year_one(block)
    _latin_names(block)
    _new_characters(block)
    _instants(block)
    _respelt_repetitions(block)


def respell(table: Table, row: int, column: str, kind: str, spell: Spelling) -> None:
    """Another spelling of the value that is due."""
    table.put(row, column, spell(str(table.column(column)[row])))
    table.accept(row, kind)


def _marks(block: Block) -> None:
    for source, table, column in (
        (HOUSEHOLD, block.household, "id_number"),
        (INSURED, block.insurance, "id_number"),
        (PERMIT, block.permit, "permit_number"),
        (DEATH, block.death, "certificate_number"),
    ):
        for at, row in enumerate(block.rows(source, max(block.each, 2))):
            respell(table, row, column, "identifier_with_marks", MARKS[at % len(MARKS)])
    for at, row in enumerate(block.weddings()):
        column = ["wife_id", "registration_number"][at % 2]
        respell(block.marriage, row, column, "identifier_with_marks", MARKS[at % len(MARKS)])


def _codes(block: Block) -> None:
    grown = block.people.adult
    columns = {"sex": SEX, "ethnicity": ETHNICITY, "education_level": EDUCATION}
    for at, (column, codes) in enumerate(columns.items()):
        for n, row in enumerate(block.rows(HOUSEHOLD, also=grown)):
            assert block.household.column(column)[row] in codes
            respell(block.household, row, column, "code_full_width_or_padded", PADDED[(at + n) % len(PADDED)])
    for n, row in enumerate(block.rows(INSURED)):
        assert block.insurance.column("insurance_type")[row] in INSURANCE
        respell(block.insurance, row, "insurance_type", "code_full_width_or_padded", PADDED[n % len(PADDED)])
    for n, row in enumerate(block.weddings()):
        respell(block.marriage, row, "marriage_event", "code_full_width_or_padded", PADDED[n % len(PADDED)])


def _year_one(block: Block) -> None:
    """A day that no register means: what a system writes where it holds none."""
    for source, table, column in (
        (HOUSEHOLD, block.household, "moved_in_on"),
        (INSURED, block.insurance, "last_paid_on"),
        (PERMIT, block.permit, "valid_from"),
    ):
        for at, row in enumerate(block.rows(source)):
            table.put(row, column, YEAR_ONE[at % len(YEAR_ONE)], None)
            table.accept(row, "date_year_one")
    for row in block.rows(DEATH, 1):
        block.death.put(row, "deregistered_on", YEAR_ONE[0], None)
        block.death.accept(row, "date_year_one")
    for row in block.weddings():
        block.marriage.put(row, "registered_on", YEAR_ONE[0])
        block.marriage.quarantine(row, "date_year_one_required", "registered_on.required")


def _latin_names(block: Block) -> None:
    """One name, composed in one register and decomposed in the other."""
    once = block.within(HOUSEHOLD, INSURED) & (block.times_insured == 1)
    for at, person in enumerate(block.choose(once, max(block.each, 2))):
        name = unicodedata.normalize("NFC", LATIN[at % len(LATIN)])
        rename(block, person, name)
        row = int(block.row[INSURED][person])
        block.insurance.change(row, "person_name", unicodedata.normalize("NFD", name))
        block.insurance.accept(row, "name_latin")
        block.household.accept(int(block.row[HOUSEHOLD][person]), "name_latin")


def _new_characters(block: Block) -> None:
    """Characters that GB 18030 has given other bytes in 2022: one register writes those, the other UTF-8."""
    once = block.within(HOUSEHOLD, INSURED) & (block.times_insured == 1)
    for at, person in enumerate(block.choose(once)):
        rename(block, person, "王" + list(SINCE_2022)[at % len(SINCE_2022)])
        block.household.accept(int(block.row[HOUSEHOLD][person]), "name_gb18030_2022")


def _instants(block: Block) -> None:
    """Midnight in Beijing, as a program elsewhere writes it."""
    for at, row in enumerate(block.weddings()):
        day = str(block.marriage.column("registered_on")[row])
        block.marriage.put(row, "registered_on", midnight(day, at))
        block.marriage.accept(row, "date_with_offset")


def midnight(day: str, at: int) -> str:
    """The instant at which a day begins in Beijing, in one of three spellings."""
    before = iso(int(np.datetime64(day, "D").astype(int)) - 1)
    return [f"{before}T16:00:00.000Z", f"{day}T00:00:00+08:00", f"{before}T16:00:00+00:00"][at % 3]


def _respelt_repetitions(block: Block) -> None:
    """The same record twice, each as another program has written it."""
    table = block.household
    for at, row in enumerate(block.rows(HOUSEHOLD, also=block.people.adult)):
        again = table.copy_row(row)
        born, sex = str(table.column("birth_date")[row]), str(table.column("sex")[row])
        table.put(again, "birth_date", DATE_SPELLINGS[(at + 1) % len(DATE_SPELLINGS)](born))
        table.put(again, "sex", sex)
        table.put(again, "person_name", f"\u3000{table.sent['person_name'][row]}")
        table.flag(again, "row_repeated_in_another_spelling", "row.repeated")
    for row in block.rows(INSURED):
        again = block.insurance.copy_row(row)
        block.insurance.put(again, "id_number", full_width(block.insurance.sent["id_number"][row]))
        block.insurance.flag(again, "row_repeated_in_another_spelling", "row.repeated")
