"""Defects and oddities of what comes before an e-licence: what never came, forks, circles, and good renewals."""

from __future__ import annotations

from simulation.defects.license_holders import OF_ORGANISATION, OF_PERSON
from simulation.licenses import ROOT, with_another_check, with_serial, with_version
from simulation.planting import Planting
from simulation.subjects import Register
from simulation.table import Table
from simulation.vocabulary import LICENSE_STATE

BY_HOLDER = (OF_ORGANISATION, OF_PERSON)
LONGEST = 8  # licences before one that are followed
LAPSED, MOVED = "05", "06"


def _another(table: Table, row: int, serial: str, predecessor: str) -> int:
    """A licence of the same holder under another identifier, that names the one before it; gives its row."""
    new = table.copy_row(row)
    table.change(new, "license_identifier", with_serial(table.sent["license_identifier"][row], f"R{serial}"))
    table.change(new, "predecessor", predecessor)
    return new


def _identifier(table: Table, row: int) -> str:
    return str(table.sent["license_identifier"][row])


def _close(table: Table, row: int, state: str) -> None:
    table.put(row, "state", LICENSE_STATE[state][0], state)


def _version_missing(register: Register) -> None:
    """The third version came, and no other did."""
    table = register.table
    for mask in BY_HOLDER:
        for row in register.rows(also=mask(register)):
            table.change(row, "license_identifier", with_version(_identifier(table, row), 3))
            table.accept(row, "license_version_missing")


def _licence_missing(register: Register) -> None:
    """It names a licence before it that never came."""
    table = register.table
    for mask in BY_HOLDER:
        for row in register.rows(also=mask(register)):
            table.change(row, "predecessor", with_serial(_identifier(table, row), f"M{row:09}"))
            table.accept(row, "license_predecessor_missing")


def _illegible(register: Register) -> None:
    """What stands there is no identifier, or none that fits its check: nothing can be found by it."""
    table = register.table
    for row in register.rows():
        table.change(row, "predecessor", _identifier(table, row).removeprefix(ROOT))
        table.flag(row, "license_predecessor_malformed", "predecessor.form")
    for row in register.rows():
        other = with_serial(_identifier(table, row), f"C{row:09}")
        table.change(row, "predecessor", with_another_check(other))
        table.flag(row, "license_predecessor_check", "predecessor.check_character")


def _forked(register: Register) -> None:
    """Two licences go back to one."""
    table = register.table
    for mask in BY_HOLDER:
        for row in register.rows(also=mask(register)):
            _close(table, row, LAPSED)
            for branch in "AB":
                new = _another(table, row, f"{branch}{row:08}", _identifier(table, row))
                _close(table, new, "01")
                table.accept(new, "license_succeeded_twice")


def _circular(register: Register) -> None:
    """Two licences name each other; one names itself."""
    table = register.table
    for mask in BY_HOLDER:
        for row in register.rows(also=mask(register)):
            new = _another(table, row, f"Z{row:08}", _identifier(table, row))
            table.change(row, "predecessor", _identifier(table, new))
            table.accept(row, "license_circle")
    for row in register.rows():
        table.change(row, "predecessor", _identifier(table, row))
        table.accept(row, "license_before_itself")


def _too_long(register: Register) -> None:
    """One more licence than chains are followed over."""
    table = register.table
    for mask in BY_HOLDER:
        for row in register.rows(also=mask(register)):
            last = row
            for place in range(LONGEST + 1):
                last = _another(table, last, f"L{place}{row:07}", _identifier(table, last))
            table.accept(last, "license_chain_too_long")


def _renewed(register: Register) -> None:
    """Renewed under another identifier, and changed since; the second version names the first."""
    table = register.table
    for row in register.rows():
        _close(table, row, LAPSED)
        new = _another(table, row, f"N{row:08}", _identifier(table, row))
        _close(table, new, "01")
        table.change(new, "issued_on", "2026-02-01")
        table.change(new, "valid_from", "2026-02-01")
        second = table.copy_row(new)
        table.change(second, "license_identifier", with_version(_identifier(table, new), 2))
        table.change(second, "predecessor", _identifier(table, new))
        table.change(second, "valid_from", "2026-03-01")
        table.accept(second, "license_renewed")


def _moved(register: Register) -> None:
    """Moved out by one agency, in by another."""
    table = register.table
    for row in register.rows():
        _close(table, row, MOVED)
        new = _another(table, row, f"V{row:08}", _identifier(table, row))
        _close(table, new, "01")
        table.accept(new, "license_moved")


PLAN = tuple(
    Planting(plant)
    for plant in (
        _version_missing,
        _licence_missing,
        _illegible,
        _forked,
        _circular,
        _too_long,
        _renewed,
        _moved,
    )
)
