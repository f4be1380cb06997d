"""People of whom every register says what is so, asked by their numbers; and the rows of sources about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from simulation.truth.golden import name_key
from simulation.truth.standing import Standing
from simulation.truth.writing import Truth
from simulation.world.block import Insurance, World
from simulation.world.calendar import iso
from simulation.world.places import city_of

Row = dict[str, str | None]
Found = Counter[tuple[str, str]]  # rule and subject → rows at fault


class Known:
    """What is so of a person of a number; of a number that nobody has, nothing."""

    def __init__(self, world: World, rows: Mapping[str, Sequence[Row]]) -> None:
        """`rows` are those that stand of each source about what people pay, receive and own."""
        self.world = world
        self.rows = rows
        self._at = {world.people.id_number[at]: at for at in world.plain_people}
        entities = world.organisations
        self.state = dict(zip(entities.credit_code, entities.state, strict=True))

    def died_in(self, number: str | None) -> str | None:
        """The month of death, yyyyMM."""
        at = self._at.get(str(number))
        died = -1 if at is None else int(self.world.people.died[at])
        return iso(died)[:7].replace("-", "") if died >= 0 else None

    def is_registered(self, number: str | None) -> bool:
        """Whether the household register has the number."""
        return str(number) in self._at

    def is_named(self, number: str | None, key: str | None) -> bool:
        """Whether the household register has this name, or none at all."""
        at = self._at.get(str(number))
        return at is None or key is None or name_key(self.world.people.name[at]) == key

    def region(self, number: str | None) -> str | None:
        at = self._at.get(str(number))
        return None if at is None else self.world.people.region[at]

    def insurances(self, number: str | None) -> Sequence[Insurance]:
        at = self._at.get(str(number))
        return () if at is None else self.world.insurances.get(at, ())


def rows_of(standing: Standing) -> list[Row]:
    """The rows that stand, each with its columns by name."""
    columns = standing.columns()
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def age_in(month: str | None, number: str | None) -> int:
    """Full years at the end of a month, by the birth month in the number."""
    when, born = (int(text[:4]) * 12 + int(text[4:6]) for text in (str(month), str(number)[6:12]))
    return (when - born) // 12


def table_due(
    truth: Truth,
    name: str,
    key: Sequence[str],
    rows: Sequence[Mapping[str, str | None]],
    known: Known,
    region: str | None,
) -> None:
    """A satellite of persons: its rows, and to which city each flows back, by `region` where nobody is known."""
    columns = {column: [row[column] for row in rows] for column in rows[0]}
    truth.table(f"foundation/person/{name}", columns)
    homes = [known.region(row["id_number"]) for row in rows]
    regions = [
        home if city_of(home) else row[region] if region else None for home, row in zip(homes, rows, strict=True)
    ]
    truth.returned(f"person/{name}", regions, {column: columns[column] for column in key})
