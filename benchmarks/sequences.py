"""Random sequences of deliveries about simulated people, as agencies send them: corrected, late, twice, broken."""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.support.deliveries import Delivered, Row, household, marriage, permit, person_id

SOURCES = ("household_registration", "marriage_registration", "residence_permit")
REGIONS = ("150102", "150105", "150402", "150403", "110101")
BROKEN_ID = {
    "household_registration": "公民身份号码",
    "residence_permit": "公民身份号码",
    "marriage_registration": "男方身份证件号",
}
ROWS = {"household_registration": household, "marriage_registration": marriage, "residence_permit": permit}
BEGIN = datetime.datetime(2026, 3, 1, 8)
FIRST_DAY = datetime.datetime(2026, 4, 1, 8, tzinfo=datetime.UTC)  # when the first step's files are received
ENDS = ("", "长期", "2026-03-15", *(f"2026-04-0{day}" for day in range(1, 8)))


@dataclass(frozen=True)
class Step:
    """What happens between two runs: days go by, files arrive, held batches may be decided on, declarations change."""

    kinds: tuple[str, ...]
    deliveries: tuple[Delivered, ...]
    verdict: str | None = None
    declared: str | None = None
    days: int = 0

    def write(self, landing: Path) -> None:
        for delivery in self.deliveries:
            delivery.write(landing)

    def __str__(self) -> str:
        return " + ".join(self.kinds)


@dataclass
class Deliveries:
    """The agencies' side of a sequence: who is registered where, and what has been sent."""

    chance: random.Random
    known: dict[str, list[int]] = field(default_factory=lambda: {source: [] for source in SOURCES})
    sent: list[Delivered] = field(default_factory=list)
    files: int = 0
    hours: int = 0

    def first(self) -> Step:
        """Some people, couples and permits."""
        counts = {"household_registration": 12, "marriage_registration": 4, "residence_permit": 4}
        files = [
            self._sent(source, [self._row(source, self._new(source)) for _ in range(n)]) for source, n in counts.items()
        ]
        return Step(("first",), tuple(files))

    def step(self) -> Step:
        """One to three deliveries of any kind, now and then a decision on what is held, seldom other declarations."""
        kinds = [self.chance.choice(list(KINDS)) for _ in range(self.chance.randint(1, 3))]
        files = tuple(KINDS[kind](self, self.chance.choice(SOURCES)) for kind in kinds)
        verdict = self.chance.choice(["released", "rejected", None])
        declared = self.chance.choice([None, None, None, None, *DECLARED])
        days = self.chance.choice([0, 1, 1, 3])
        parts = [*kinds, *(part for part in (verdict, declared) if part), *([f"{days} days later"] if days else [])]
        return Step(tuple(parts), files, verdict, declared, days)

    def new(self, source: str) -> Delivered:
        return self._sent(source, [self._row(source, self._new(source)) for _ in range(self.chance.randint(1, 4))])

    def updated(self, source: str) -> Delivered:
        return self._sent(source, [self._row(source, number) for number in self._some(source)])

    def late(self, source: str) -> Delivered:
        return self._sent(source, [self._row(source, n, 更新时间="2025-01-01 08:00:00") for n in self._some(source)])

    def deleted(self, source: str) -> Delivered:
        return self._sent(source, [self._row(source, number, 操作标志="D") for number in self._some(source)])

    def same_file(self, source: str) -> Delivered:
        again = self._again(source)
        return Delivered(again.source, self._file(Path(again.file).suffix), again.rows)

    def same_rows(self, source: str) -> Delivered:
        again = self._again(source)
        return self._sent(again.source, [*reversed(again.rows), self._row(again.source, self._new(again.source))])

    def with_a_bad_row(self, source: str) -> Delivered:
        rows = [self._row(source, self._new(source)) for _ in range(4)]
        return self._sent(source, [*rows, self._broken(source)])

    def mostly_bad(self, source: str) -> Delivered:
        """More bad rows than a contract tolerates: the batch is held."""
        return self._sent(source, [self._broken(source), self._row(source, self._new(source)), self._broken(source)])

    def unreadable(self, source: str) -> Delivered:
        """Without the key's column."""
        return self._sent(source, [{"姓名": f"甲{self.files}"}])

    def _row(self, source: str, number: int, **cells: str) -> Row:
        moved: Mapping[str, str] = {
            "household_registration": {"户籍地区划代码": self.chance.choice(REGIONS)},
            "residence_permit": {
                "现居住地区划代码": self.chance.choice(REGIONS),
                "有效期止": self.chance.choice(ENDS),
                # Some people have two permits, of which one may end before the other.
                "公民身份号码": person_id(number - number % 2),
            },
            "marriage_registration": {"登记类型": self.chance.choice(["结婚", "离婚"])},
        }[source]
        self.hours += 1
        at = BEGIN + datetime.timedelta(hours=self.hours)
        return ROWS[source](number, **{**moved, "更新时间": f"{at:%Y-%m-%d %H:%M:%S}", "操作标志": "", **cells})

    def _broken(self, source: str) -> Row:
        return self._row(source, self._new(source), **{BROKEN_ID[source]: "1.50102E+17"})

    def _new(self, source: str) -> int:
        number = len(self.known[source])
        self.known[source].append(number)
        return number

    def _some(self, source: str) -> list[int]:
        known = self.known[source] or [self._new(source)]
        return self.chance.sample(known, min(len(known), self.chance.randint(1, 3)))

    def _again(self, source: str) -> Delivered:
        of_source = [delivery for delivery in self.sent if delivery.source == source]
        return self.chance.choice(of_source or self.sent) if self.sent else self.new(source)

    def _file(self, suffix: str) -> str:
        self.files += 1
        return f"{self.files:03d}{suffix}"

    def _sent(self, source: str, rows: list[Row]) -> Delivered:
        delivered = Delivered(source, self._file(self.chance.choice([".csv", ".jsonl"])), rows)
        self.sent.append(delivered)
        return delivered


KINDS = {
    "new rows": Deliveries.new,
    "updates": Deliveries.updated,
    "a late version": Deliveries.late,
    "deletions": Deliveries.deleted,
    "the same file": Deliveries.same_file,
    "the same rows": Deliveries.same_rows,
    "a bad row": Deliveries.with_a_bad_row,
    "mostly bad rows": Deliveries.mostly_bad,
    "an unreadable file": Deliveries.unreadable,
}


def _declare_more(project: Path) -> None:
    _change(
        project / CONTRACT,
        lambda declared: declared["columns"].update({"登记机关": {"name": "registrar", "element": "text"}}),
    )


def _declare_less(project: Path) -> None:
    _change(project / CONTRACT, lambda declared: declared["columns"].pop("曾用名"))


def _trust_others(project: Path) -> None:
    attributes = ("person_name", "sex")
    _change(project / RECORD, lambda declared: [declared["attributes"][name]["from"].reverse() for name in attributes])


def _change(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    declared = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(declared)
    path.write_text(yaml.safe_dump(declared, allow_unicode=True, sort_keys=False), encoding="utf-8")


AS_BEFORE = "the declarations as before"
CONTRACT = "foundation_dbs/person/sources/household_registration.yml"
RECORD = "foundation_dbs/person/person.yml"
# How the tiny project may be declared, each a change of it as it is.
DECLARED: Mapping[str, Callable[[Path], None]] = {
    AS_BEFORE: lambda project: None,
    "a new column": _declare_more,
    "a column given up": _declare_less,
    "another authority": _trust_others,
}
