"""What is due of a source that is held against the household register, the registered deaths and people's ages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from simulation.truth.golden import name_key
from simulation.truth.standing import Standing
from simulation.truth.writing import Truth

Row = dict[str, str | None]
HOUSEHOLD, DATABASE = "household_registration", "person"


@dataclass(frozen=True)
class Known:
    """What is known of a block of people: the registers by their sources, and what golden records say by number.

    `regions` says by number which region a person's own rows belong to.
    """

    registers: Mapping[str, Standing]
    people: Mapping[str, Mapping[str, str | None]]
    regions: Mapping[str, str | None]

    def rows(self, source: str) -> list[Row]:
        """The rows that stand in a register, each by its columns."""
        columns = self.registers[source].columns()
        return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]

    def names(self) -> dict[str, str]:
        """By number the name key of the household register."""
        register = self.registers[HOUSEHOLD]
        pairs = zip(register.values("id_number"), register.values("person_name"), strict=True)
        return {str(number): name_key(str(name)) for number, name in pairs}

    def died_on(self, number: str | None) -> str | None:
        return self.people.get(str(number), {}).get("died_on")


def find(truth: Truth, rule: str, rows: Iterable[Row], *, subject: str = "id_number") -> None:
    """A finding for each subject, of as many rows as are at fault."""
    find_subjects(truth, rule, (row[subject] for row in rows))


def find_subjects(truth: Truth, rule: str, subjects: Iterable[str | None]) -> None:
    """A finding for each subject, of as many rows as it is named."""
    for subject, rows in Counter(map(str, subjects)).items():
        truth.finding(DATABASE, rule, subject, rows=rows)


def unlike_names(rows: Iterable[Row], known: Known, number: str = "id_number", name: str = "person_name") -> list[Row]:
    """Rows with another name than the household register's."""
    names = known.names()
    named = [row for row in rows if row[name] and str(row[number]) in names]
    return [row for row in named if name_key(str(row[name])) != names[str(row[number])]]


def unknown(rows: Iterable[Row], known: Known, number: str = "id_number") -> list[Row]:
    """Rows whose number the household register has not."""
    registered = set(known.registers[HOUSEHOLD].values("id_number"))
    return [row for row in rows if row[number] and row[number] not in registered]


def of_the_dead(rows: Iterable[Row], known: Known, holds: Callable[[Row, str], bool], number: str) -> list[Row]:
    """Rows about the dead for which `holds` is true, told the day of death."""
    found = []
    for row in rows:
        died = known.died_on(row[number])
        if died and holds(row, died):
            found.append(row)
    return found


def age_on(number: str | None, day: str | None) -> int:
    """Years of age of the number's holder on a day."""
    born, on = str(number)[6:14], str(day).replace("-", "")
    return int(on[:4]) - int(born[:4]) - (on[4:] < born[4:])
