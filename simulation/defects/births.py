"""What is planted in certificates of birth: whose they are, what replaces them, and who the parents were."""

from __future__ import annotations

import numpy as np

from simulation.among import number_born_before
from simulation.defects import id_numbers as ids
from simulation.defects.dates import day_before
from simulation.defects.residents import rows_holding
from simulation.planting import Planting
from simulation.subjects import Register
from simulation.table import Table
from simulation.truth.golden import name_key
from simulation.vocabulary import SEX
from simulation.world.calendar import day_number, iso
from simulation.world.names import with_lookalikes
from simulation.world.people import Mask

BORN = "born_at"


def put_birth(table: Table, row: int, day: str) -> None:
    """Another day of birth, at eight in the morning."""
    table.change(row, BORN, f"{day} 08:00:00")
    table.due["born_on"][row] = day


def _born(table: Table, row: int) -> str:
    return str(table.sent[BORN][row])[:10]


CHILD, FATHER = "child_id", "father_document"


def _some(register: Register, also: Mask | None = None) -> list[int]:
    """Rows for a kind of finding, two of them where every kind comes but once."""
    return register.rows(max(register.each, 2), also)


def _new_number(register: Register, kind: int) -> str:
    """A number of the edition in use, as no other row has."""
    table = register.table
    return f"X15{register.of.world.number % 10}9{kind}{len(table):04}"


def _issue_anew(register: Register, row: int, state: str) -> int:
    table = register.table
    again = table.copy_row(row)
    table.put(again, "certificate_number", number := _new_number(register, len(table) // 10_000 % 10), number)
    table.change(again, "original_number", table.sent["certificate_number"][row])
    table.change(again, "certificate_state", state)
    table.change(again, "issued_on", "2026-02-10")
    return again


def _old_enough(register: Register) -> Mask:
    return register.of.world.people.born < day_number("2025-12-01")


def _born_late(register: Register) -> Mask:
    """Late enough for some to have died long before."""
    return register.of.world.people.born > day_number("2018-01-01")


def _replaced(register: Register) -> None:
    """Issued anew, and the first certificate is void."""
    for at, row in enumerate(register.rows(2 * register.each, _old_enough(register))):
        again = _issue_anew(register, row, "换补"[at % 2] + "发")
        register.table.change(row, "certificate_state", "作废")
        register.table.accept(again, "certificate_replaced")


def _still_valid(register: Register) -> None:
    """Finding: issued anew, and the first certificate is still valid."""
    for row in _some(register, _old_enough(register)):
        register.table.accept(_issue_anew(register, row, "补发"), "original_still_valid")


def _without_original(register: Register) -> None:
    """Finding: what it replaces was never delivered."""
    for at, row in enumerate(_some(register)):
        register.table.change(row, "certificate_state", "换发")
        register.table.change(row, "original_number", f"Q15{at:07}")
        register.table.accept(row, "original_unknown")


def _void(register: Register) -> None:
    for row in register.rows():
        register.table.change(row, "certificate_state", "作废")
        register.table.accept(row, "certificate_void")


def _near(register: Register) -> None:
    """Finding: a hundred days after another child."""
    table, rows = register.table, register.rows(2 * max(register.each, 2), _old_enough(register))
    for first, other in zip(rows[::2], rows[1::2], strict=False):
        put_birth(table, other, iso(day_number(_born(table, first)) + 100))
        table.put(other, "child_id", "", None)
        _issue_after(table, other)
        for column in ("mother_name", "mother_document"):
            table.change(other, column, table.sent[column][first])
        table.due["mother_key"][other] = name_key(table.sent["mother_name"][first])
        table.accept(other, "births_near")


def _issue_after(table: Table, row: int) -> None:
    """Issued a few days after the birth, under the letter of that time."""
    day = iso(day_number(_born(table, row)) + 5)
    table.change(row, "issued_on", day)
    number = table.sent["certificate_number"][row]
    table.put(row, "certificate_number", renumbered := ("X" if day >= "2023-04-01" else "S") + number[1:], renumbered)


def _twins(register: Register) -> None:
    """A second child of one birth, a day later, whom no register has yet: not two births too near."""
    table = register.table
    for row in _some(register, _old_enough(register)):
        again = table.copy_row(row)
        number = table.sent["certificate_number"][row]
        table.put(again, "certificate_number", twin := f"{number[0]}15{number[3]}8{number[5:]}", twin)
        put_birth(table, again, day_before(_born(table, row), 1))
        table.put(again, "child_id", "", None)
        _name(table, again, "child", "查那")
        table.accept(again, "twins")


def _unregistered(register: Register) -> None:
    """Finding: nobody of the household was born on that day."""
    table = register.table
    for row in _some(register):
        put_birth(table, row, day_before(_born(table, row), 40))
        table.put(row, "child_id", "", None)
        table.accept(row, "birth_unregistered")


def _of_foreigners(register: Register) -> None:
    """Finding: born of a foreigner, and no father stated; the register has no household to look into."""
    table = register.table
    for at, row in enumerate(_some(register)):
        table.put(row, "mother_document_type", "普通护照", "414")
        table.change(row, "mother_document", f"E1234{at:04}")
        _name(table, row, "mother", "BATBAYAR")
        for column in (
            "father_name",
            "father_document",
            "father_document_type",
            "father_nationality",
            "father_ethnicity",
        ):
            table.put(row, column, "", None)
        table.due["father_key"][row] = None
        put_birth(table, row, day_before(_born(table, row), 40))
        table.put(row, "child_id", "", None)
        table.accept(row, "born_of_foreigner")


def _name(table: Table, row: int, role: str, name: str) -> None:
    table.change(row, f"{role}_name", name)
    table.due[f"{role}_key"][row] = name_key(name)


def _other_names(register: Register) -> None:
    """Finding: child, mother and father by turns."""
    for at, row in enumerate(rows_holding(register, FATHER, CHILD, count=3 * register.each)):
        role = ("mother", "father", "child")[at % 3]
        _name(register.table, row, role, f"查{register.table.sent[f'{role}_name'][row][1:]}嘎")
        register.table.accept(row, "name_unlike_household")


def _variant_names(register: Register) -> None:
    for row in register.rows():
        name = with_lookalikes(register.table.sent["mother_name"][row])
        register.table.put(row, "mother_name", name, name)
        register.table.accept(row, "name_lookalike")


def _dead_parents(register: Register) -> None:
    """Finding: the parent had died before, a father longer before than a pregnancy lasts."""
    people, table = register.of.world.people, register.table
    dead = [at for at in register.of.world.plain_people if people.died[at] >= 0]
    for at, row in enumerate(rows_holding(register, FATHER, count=2 * register.each + 2, also=_born_late(register))):
        role, sex = (("mother", "2"), ("father", "1"))[at % 2]
        born = day_number(_born(table, row))
        fit = [person for person in dead if people.sex[person] == sex and people.died[person] + 400 < born]
        if fit:
            _be_parent(register, row, role, fit[at % len(fit)])
            table.accept(row, "parent_dead")


def _be_parent(register: Register, row: int, role: str, person: int) -> None:
    people, table = register.of.world.people, register.table
    table.change(row, f"{role}_document", people.id_number[person])
    _name(table, row, role, people.name[person])


def _aged_parents(register: Register) -> None:
    """Finding: a mother of ten, and a father of seventy."""
    people, table = register.of.world.people, register.table
    for at, row in enumerate(rows_holding(register, FATHER, count=2 * register.each)):
        role, years = (("mother", 10), ("father", 70))[at % 2]
        sex = "2" if role == "mother" else "1"
        gap = np.abs(people.born - (day_number(_born(table, row)) - years * 365))
        gap[np.array(people.sex) != sex] = 10**6
        _be_parent(register, row, role, int(np.argmin(gap)))
        table.accept(row, "parent_of_odd_age")


def _mislettered(register: Register) -> None:
    """Finding: an edition that was not in use on that day."""
    table = register.table
    for row in _some(register):
        number = table.sent["certificate_number"][row]
        table.put(row, "certificate_number", other := ("S" if number[0] == "X" else "X") + "157" + number[4:], other)
        table.accept(row, "certificate_letter")


def _issued_early(register: Register) -> None:
    table = register.table
    for row in register.rows():
        table.change(row, "issued_on", day_before(_born(table, row), 4))
        table.flag(row, "issued_before_birth", "issued_after_birth")


def _same_parents(register: Register) -> None:
    table = register.table
    for row in rows_holding(register, FATHER):
        table.change(row, "father_document", table.sent["mother_document"][row])
        table.flag(row, "parents_same", "parents_differ")


def _unfit_documents(register: Register) -> None:
    """A mother's passport that is said to be an identity card, and a father's card that is said to be a passport."""
    table = register.table
    for at, row in enumerate(rows_holding(register, FATHER, count=2 * register.each)):
        if at % 2:
            table.put(row, "father_document_type", "护照", "414")
            table.flag(row, "document_of_another_type", "father_document_fits_type")
        else:
            table.change(row, "mother_document", "E87654321")
            table.flag(row, "document_of_another_type", "mother_document_fits_type")


def _unlike_number(register: Register) -> None:
    """The child's number tells another day, or the other sex."""
    table = register.table
    for at, row in enumerate(rows_holding(register, CHILD, count=2 * register.each)):
        if at % 2:
            put_birth(table, row, day_before(_born(table, row), 31))
            table.flag(row, "birth_unlike_number", "birth_matches_child_id")
        else:
            other = "2" if table.due["sex"][row] == "1" else "1"
            table.put(row, "sex", SEX[other][0], other)
            table.flag(row, "sex_mismatch", "sex_matches_child_id")


def _wrong_numbers(register: Register) -> None:
    """A child's number keeps the row out, a parent's does not."""
    table = register.table
    for row in rows_holding(register, CHILD):
        ids.WRONG_CHECK_DIGIT.strike(table, row, "child_id")
    for row in register.rows():
        wrong = ids.wrong_check(table.sent["mother_document"][row])
        table.change(row, "mother_document", wrong)
        table.flag(row, "parent_number_wrong", "mother_document.check_digit")


def _old_numbers(register: Register) -> None:
    for row in register.rows(also=number_born_before("mother_document", "2000")(register)):
        ids.FIFTEEN_DIGITS.strike(register.table, row, "mother_document")


CERTIFICATES = tuple(
    Planting(plant)
    for plant in (
        _dead_parents,
        _aged_parents,
        _other_names,
        _unlike_number,
        _wrong_numbers,
        _same_parents,
        _unfit_documents,
        _replaced,
        _still_valid,
        _without_original,
        _void,
        _near,
        _twins,
        _unregistered,
        _of_foreigners,
        _variant_names,
        _mislettered,
        _issued_early,
        _old_numbers,
    )
)
