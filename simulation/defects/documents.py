"""Defects and oddities of documents of identity other than the identity card, and of what is said of their type."""

from __future__ import annotations

from simulation.among import Among
from simulation.checksums import id_number
from simulation.planting import Planting, Rules
from simulation.subjects import Register
from simulation.table import Table
from simulation.vocabulary import DOCUMENT_TYPE
from simulation.world.names import LATIN

# Type of document, and numbers as such documents have them; the last is a foreigner's permanent residence card.
FOREIGN = [("414", "E12345678"), ("516", "H1234567801"), ("511", "12345678"), ("414", "71AB23456"), ("553", "")]


def fits_no_type(role: str) -> Rules:
    """What a wrong number breaks too: where the document is said to be an identity card, it is none either."""

    def rules(table: Table, row: int) -> list[str]:
        return [f"{role}_document_fits_type"] if table.sent[f"{role}_document_type"][row] else []

    return rules


def of_foreigners(*roles: str, turn: int = 0, among: Among) -> Planting:
    """A spouse from elsewhere is known by a document of another type, and has no number of a citizen."""

    def plant(register: Register) -> None:
        table = register.table
        for at, row in enumerate(register.rows(max(register.each, 2), among(register))):
            role = roles[at % len(roles)]
            code, number = FOREIGN[at % len(FOREIGN)]
            own = str(table.sent[f"{role}_id"][row])
            table.put(row, f"{role}_document_type", DOCUMENT_TYPE[code][at % len(DOCUMENT_TYPE[code])], code)
            table.change(row, f"{role}_id", number or id_number("911840" + own[6:17]))
            table.change(row, f"{role}_name", LATIN[at % len(LATIN)])
            table.accept(row, "marriage_with_foreigner")

    return Planting(plant, turn)


def of_another_type(role: str, turn: int = 0, *, among: Among) -> Planting:
    """An identity card that is said to be a passport, and the other way round."""

    def plant(register: Register) -> None:
        table = register.table
        for at, row in enumerate(register.rows(max(register.each, 2), among(register))):
            rules = [f"{role}_document_fits_type"]
            if at % 2:
                table.put(row, f"{role}_document_type", DOCUMENT_TYPE["414"][0], "414")
            else:
                table.put(row, f"{role}_document_type", DOCUMENT_TYPE["111"][0], "111")
                table.put(row, f"{role}_id", "E87654321")
                rules.insert(0, f"{role}_id.form")
            table.quarantine(row, "document_of_another_type", *rules)

    return Planting(plant, turn)


def same_of_both_spouses(turn: int = 0) -> Planting:
    """One number for husband and wife."""

    def plant(register: Register) -> None:
        for row in register.rows():
            register.table.put(row, "wife_id", register.table.sent["husband_id"][row])
            register.table.quarantine(row, "spouses_same", "spouses_differ")

    return Planting(plant, turn)
