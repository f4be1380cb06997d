"""信用名单: the honoured, watched, abnormal and seriously dishonest; a few are honoured and dishonest at once."""

from __future__ import annotations

import numpy as np

from simulation.defects import codes, dates, publications
from simulation.defects.records import contradiction, repetition
from simulation.defects.versions import Later, deleted, deleted_in_another_spelling, later, later_on
from simulation.planting import Planting, accepted, at_least, flagged, on
from simulation.publications import (
    SPECIAL,
    Subject,
    draw_subjects,
    living_people,
    meant,
    organisation,
    organisations_in_order,
    person,
    reported_at,
    subject_block,
    subject_due,
)
from simulation.source import About, Format, Source
from simulation.subjects import Register
from simulation.table import Table, parts
from simulation.vocabulary import CREDIT_LIST
from simulation.world.block import World
from simulation.world.calendar import day_number, iso, iso_days
from simulation.world.drawing import pick_of
from simulation.world.people import Mask
from simulation.world.places import CITIES

FEWEST = 240
HONOURED, DISHONEST = "honoured", "dishonest"
BLOCK = ("subject_name", "subject_category", "reported_credit_code", "document_type", "document", "representative_name")


def records(rng: np.random.Generator, world: World) -> tuple[Table]:
    """One for fifty people, and behind them those who are in two lists that exclude each other."""
    both = _contradictory(world)
    subjects = [*draw_subjects(rng, world, max(world.total // 50, FEWEST)), *(subject for subject, _ in both)]
    count, ordinary = len(subjects), len(subjects) - len(both)
    # Who is honoured by chance is never listed as dishonest by chance.
    lists = [
        _list_of(subject, chance) for subject, chance in zip(subjects[:ordinary], rng.random(ordinary), strict=True)
    ]
    lists += [list_type for _, list_type in both]
    days = rng.integers(day_number("2023-06-01"), day_number("2026-03-01"), count)
    authority = [CITIES[city] + "市场监督管理局" for city in pick_of(rng, list(CITIES), count)]
    removed = [at < ordinary and at % 6 == 0 for at in range(count)]
    block = subject_block(subjects)
    sent = {
        **{column: block[column] for column in BLOCK},
        "list_type": [CREDIT_LIST[code][at % 2] for at, code in enumerate(lists)],
        "list_name": [CREDIT_LIST[code][0] + "名单" for code in lists],
        "listing_reason_code": [f"{100 + at % 7}" for at in range(count)],
        "listing_reason": ["依照认定标准列入"] * count,
        "listed_on": iso_days(days),
        "listing_authority": authority,
        "listing_document": [f"蒙市监认字{at:06}号" if at % 3 else "" for at in range(count)],
        "published_until": iso_days(days + 1_000),
        "removal_reason": ["期满移出" if gone else "" for gone in removed],
        "removed_on": [iso(day + 30) if gone else "" for day, gone in zip(days.tolist(), removed, strict=True)],
        "removing_authority": [name if gone else "" for name, gone in zip(authority, removed, strict=True)],
        "is_removed": ["是" if gone else ["否", ""][at % 2] for at, gone in enumerate(removed)],
        "repaired_on": [""] * count,
        "updated_at": reported_at(rng, days.tolist()),
        "operation": [""] * count,
    }
    due: dict[str, list[str | None]] = {
        **subject_due(subjects),
        "list_type": list(lists),
        "is_removed": ["是" if gone else ["否", None][at % 2] for at, gone in enumerate(removed)],
    }
    return (Table("credit_list", sent, due, parts(count), meant=meant(subjects, len(both))),)


def _list_of(subject: Subject, chance: float) -> str:
    good = int(subject.code[8:12], 36) % 2 == 0
    return ("watched", "abnormal", HONOURED if good else DISHONEST)[min(int(chance * 4), 2)]


def _contradictory(world: World) -> list[tuple[Subject, str]]:
    some = [organisation(world, at) for at in organisations_in_order(world)[:SPECIAL]]
    some += [person(world, at) for at in living_people(world)[:SPECIAL]]
    return [(subject, list_type) for subject in some for list_type in (HONOURED, DISHONEST)]


def _removed_since(table: Table, row: int, at: int, moment: str) -> None:
    copy = later(table, row, "U", moment)
    table.change(copy, "removed_on", moment[:10])
    table.put(copy, "is_removed", "是", "是")
    table.accept(copy, "removed_from_list")


def _removal_not_dated(register: Register) -> None:
    table = register.table
    for row in register.rows():
        table.put(row, "is_removed", "是", "是")
        table.put(row, "removed_on", "", None)
        table.flag(row, "removal_not_dated", "removal_dated")


def _removed_before_listed(register: Register) -> None:
    table = register.table
    for row in register.rows():
        table.put(row, "is_removed", "1", "是")
        table.change(row, "removed_on", dates.day_before(table.sent["listed_on"][row], 40))
        table.flag(row, "removed_before_listed", "removal_in_order")


def _published_for_too_long(register: Register) -> None:
    table = register.table
    dishonest = np.array([code == DISHONEST for code in table.column("list_type")[: register.subjects]])
    for row in register.rows(also=dishonest):
        table.change(row, "published_until", dates.day_before(table.sent["listed_on"][row], -1_200))
        table.flag(row, "publicity_of_dishonest_too_long", "publicity_of_seriously_dishonest")


def _not_removed(register: Register) -> Mask:
    return np.array([code != "是" for code in register.table.column("is_removed")[: register.subjects]])


PLAN = (
    *publications.ANY_SUBJECT,
    Planting(_removal_not_dated),
    Planting(_removed_before_listed),
    Planting(_published_for_too_long),
    on("list_type", codes.unlisted("4")),
    on("listed_on", dates.in_future("listed_in_future"), among=_not_removed),
    on("published_until", dates.NINES),
    on("listing_document", accepted("null_token", "/", "无", due=None)),
    on("representative_name", flagged("name_with_digit", lambda name: (name or "王") + "2", checks=["digits"])),
    repetition(),
    contradiction("list_name", "另一名单"),
    later_on(Later(_removed_since, at_least(2)), Later(deleted), Later(deleted_in_another_spelling)),
)
SOURCE = Source(
    name="credit_list",
    title="信用名单",
    about=About.ANYONE,
    form=Format(".parquet"),
    records=records,
    drift=("证件号", "社会信用代码", "认定机关", "认定日期", "dsc_biz_timestamp"),
    plan=PLAN,
)
