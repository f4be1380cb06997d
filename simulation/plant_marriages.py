"""Marriages with foreigners, marriages that were annulled, and registrations before the birth of a spouse."""

from __future__ import annotations

import numpy as np

from simulation.block import Block
from simulation.calendar import AS_OF_DAY, day_number, iso
from simulation.checksums import id_number
from simulation.names import LATIN
from simulation.population import Mask
from simulation.vocabulary import DOCUMENT_TYPE, MARRIAGE_EVENT

MARRIAGE = "marriage_registration"
# Type of document, and numbers as such documents have them; the last is a foreigner's permanent residence card.
FOREIGN = [("414", "E12345678"), ("516", "H1234567801"), ("511", "12345678"), ("414", "71AB23456"), ("553", "")]
ROLES = ("husband", "wife")


def plant_marriages(block: Block) -> None:
    """What only registrations of marriages can show."""
    once = _married_once(block)
    _annulled(block, once)
    _annulled_after_divorce(block, once)
    _foreigners(block, once)
    _documents_of_another_type(block, once)
    _before_birth(block, once)


def document_rules(block: Block, row: int, role: str, *rules: str) -> list[str]:
    """The rules that a wrong number breaks: where the document is said to be an identity card, it is none either."""
    fits = [f"{role}_document_fits_type"] if block.marriage.sent[f"{role}_document_type"][row] else []
    return [*rules, *fits]


def _registered(block: Block, row: int) -> int:
    return day_number(block.marriage.sent["registered_on"][row])


def _married_once(block: Block) -> Mask:
    """Couples of whom the marriage alone is registered, some time ago."""
    table, (husbands, _) = block.marriage, block.couples
    couple_of = {block.people.id_number[husband]: at for at, husband in enumerate(husbands)}
    about = [couple_of[husband] for husband in table.sent["husband_id"]]
    times = np.bincount(np.array(about, dtype=np.int64), minlength=len(husbands))
    days = np.array([_registered(block, row) for row in range(len(husbands))])
    return (times == 1) & (days + 900 <= AS_OF_DAY)


def _follow(block: Block, row: int, event: str, day: int, number: str) -> int:
    """Another registration of the couple; gives its row."""
    table = block.marriage
    new = table.copy_row(row)
    table.change(new, "registration_number", number)
    table.put(new, "marriage_event", MARRIAGE_EVENT[event][0], event)
    table.change(new, "registered_on", iso(day))
    return new


def _number(block: Block, kind: str) -> str:
    return f"J150103-{kind}-{block.number:03}{len(block.marriage):07}"


def _annulled(block: Block, once: Mask) -> None:
    for row in block.weddings(also=once):
        new = _follow(block, row, "5", _registered(block, row) + 100, _number(block, "A"))
        block.marriage.accept(new, "marriage_annulled")


def _annulled_after_divorce(block: Block, once: Mask) -> None:
    """Divorced, married to somebody else, and that marriage annulled: the divorce stands."""
    people, table = block.people, block.marriage
    single = ~block.within(MARRIAGE) & people.alive & (np.array(people.sex) == "2")
    for row in block.weddings(also=once):
        day = _registered(block, row)
        for partner in block.choose(single & (people.born + 24 * 366 <= day), 1):
            table.accept(_follow(block, row, "2", day + 100, _number(block, "D")), "marriage_annulled_after_divorce")
            second = _follow(block, row, "1", day + 300, _number(block, "M"))
            table.change(second, "wife_name", people.name[partner])
            table.change(second, "wife_id", people.id_number[partner])
            last = _follow(block, second, "5", day + 500, _number(block, "V"))
            table.accept(last, "marriage_annulled_after_divorce")


def _foreigners(block: Block, once: Mask) -> None:
    """A spouse from elsewhere is known by a document of another type, and has no number of a citizen."""
    for at, row in enumerate(block.weddings(max(block.each, 2), once)):
        role = ROLES[1 - at % 2]
        code, number = FOREIGN[at % len(FOREIGN)]
        own = str(block.marriage.sent[f"{role}_id"][row])
        block.marriage.put(row, f"{role}_document_type", DOCUMENT_TYPE[code][at % len(DOCUMENT_TYPE[code])], code)
        block.marriage.change(row, f"{role}_id", number or id_number("911840" + own[6:17]))
        block.marriage.change(row, f"{role}_name", LATIN[at % len(LATIN)])
        block.marriage.accept(row, "marriage_with_foreigner")


def _documents_of_another_type(block: Block, once: Mask) -> None:
    for at, row in enumerate(block.weddings(max(block.each, 2), once)):
        if at % 2:
            block.marriage.put(row, "wife_document_type", DOCUMENT_TYPE["414"][0], "414")
            rules = ["wife_document_fits_type"]
        else:
            block.marriage.put(row, "wife_document_type", DOCUMENT_TYPE["111"][0], "111")
            block.marriage.put(row, "wife_id", "E87654321")
            rules = ["wife_id.form", "wife_document_fits_type"]
        block.marriage.quarantine(row, "document_of_another_type", *rules)


def _before_birth(block: Block, once: Mask) -> None:
    """Both spouses were born later, and so were of no age either."""
    for row in block.weddings(also=once):
        block.marriage.change(row, "registered_on", "1925-05-20")
        couple = (block.couples[0][row], block.couples[1][row])
        for role, person in zip(ROLES, couple, strict=True):
            block.marriage.flag(row, "married_before_birth", f"{role}_registered_after_birth")
            block.truth.finding("person", "marriage_under_age", block.people.id_number[person])
