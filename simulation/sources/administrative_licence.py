"""行政许可公示: licences of organisations and people in good order, and those that contradict other registers."""

from __future__ import annotations

import numpy as np

from simulation.contracts import OPERATION
from simulation.defects import codes, credit_codes, dates, publications
from simulation.defects import id_numbers as ids
from simulation.defects.identifiers import WITH_MARKS
from simulation.defects.records import contradiction, damaged, repetition
from simulation.defects.versions import Later, deleted, deleted_by_key_alone, later_on, unknown_flag, updated
from simulation.planting import AS_SENT, Planting, accepted, on
from simulation.publications import (
    Subject,
    authorities,
    dead_people,
    draw_subjects,
    licensed_against_e_licenses,
    meant,
    organisation,
    organisations_ended,
    person,
    reported_at,
    revoked_licences,
    sources_of_data,
    subject_block,
    subject_due,
)
from simulation.source import About, Format, Source
from simulation.subjects import Register
from simulation.table import Broken, Table, parts
from simulation.vocabulary import LICENCE_CATEGORY, PUBLICATION_STATE
from simulation.world.block import World
from simulation.world.calendar import day_number, iso, iso_days
from simulation.world.drawing import pick_of

FEWEST, SPECIAL = 300, 4
VALID, INVALID = "1", "2"
NO_NUMBER = "无"
CERTIFICATES = ("食品经营许可证", "道路运输经营许可证", "卫生许可证", "建筑业企业资质证书")
LONG_TERM = "2099-12-31"


def records(rng: np.random.Generator, world: World) -> tuple[Table]:
    """One for thirty people, and behind them those that other registers contradict."""
    ordinary = draw_subjects(rng, world, max(world.total // 30, FEWEST))
    special = _special(world)
    subjects = [*ordinary, *(subject for subject, _, _ in special)]
    count = len(subjects)
    states = [VALID if chance < 0.9 else INVALID for chance in rng.random(len(ordinary)).tolist()]
    states += [state for _, _, state in special]
    days = rng.integers(day_number("2022-01-01"), day_number("2026-03-25"), count)
    numbers = [f"JY115{at:08}" if at % 3 else "" for at in range(len(ordinary))] + [number for _, number, _ in special]
    kinds = pick_of(rng, list(LICENCE_CATEGORY), count)
    authority, authority_code = authorities(rng, count)
    certificates = pick_of(rng, list(CERTIFICATES), count)
    ends = [LONG_TERM if at % 5 == 0 else iso(day + 5 * 365) for at, day in enumerate(days.tolist())]
    sent = {
        **subject_block(subjects),
        "decision_title": [f"{name}准予许可决定书" for name in certificates],
        "decision_number": [f"蒙许准字〔{iso(day)[:4]}〕第{at:07}号" for at, day in enumerate(days.tolist())],
        "licence_category": [LICENCE_CATEGORY[kind][0] for kind in kinds],
        "certificate_name": certificates,
        "licence_number": numbers,
        "content": [f"准予从事{name.removesuffix('许可证')}" for name in certificates],
        "decided_on": iso_days(days),
        "valid_from": iso_days(days),
        "valid_to": ends,
        "authority": authority,
        "authority_code": authority_code,
        "state": [PUBLICATION_STATE[state][0] if at % 2 else state for at, state in enumerate(states)],
        **sources_of_data(rng, count),
        "remark": [""] * count,
        "exported_at": ["2026-04-01 08:00:00"] * count,
        "updated_at": reported_at(rng, days.tolist()),
        "operation": [["I", "新增"][at % 2] for at in range(count)],
    }
    due: dict[str, list[str | None]] = {
        **subject_due(subjects),
        "licence_category": list(kinds),
        "licence_number": [number or NO_NUMBER for number in numbers],
        "state": list(states),
    }
    table = Table("administrative_licence", sent, due, parts(count), meant=meant(subjects, len(special)))
    return (table,)


def _special(world: World) -> list[tuple[Subject, str, str]]:
    """Licences of the ended and of the dead, that are revoked, and that e-licences contradict: number and state."""
    found = [(organisation(world, at), f"XKA{at:06}", VALID) for at in organisations_ended(world)[:SPECIAL]]
    found += [(person(world, at), f"XKB{at:06}", VALID) for at in dead_people(world)[:SPECIAL]]
    found += [(subject, number, VALID) for subject, number in revoked_licences(world)]
    found += [(subject, number, state) for subject, number, state in licensed_against_e_licenses(world)]
    return found


def _reported_late(register: Register) -> None:
    table = register.table
    for row in register.rows():
        late = iso(day_number(table.sent["decided_on"][row]) + 45)
        table.change(row, "updated_at", f"{late} 09:30:00")
        table.flag(row, "reported_late", "reported_in_time")


def _renewed_name(register: Register) -> None:
    """One decision under a newer moment, the subject's name in other parentheses: it is one decision all the same."""
    table = register.table
    for row in register.rows(also=publications.ORGANISATIONS(register)):
        name = table.sent["subject_name"][row]
        publications.rename(table, row, f"{name}（分店）")
        copy = table.copy_row(row)
        table.change(copy, "subject_name", f"{name}(分店)")
        table.change(copy, table.version, "2026-03-31 10:00:00")
        table.put(copy, OPERATION, "U")
        table.accept(copy, "decision_twice_in_another_spelling")


PLAN = (
    *publications.BLOCK,
    on("reported_credit_code", credit_codes.LOWER_CASE, among=publications.ORGANISATIONS),
    on("reported_credit_code", credit_codes.FULL_WIDTH, among=publications.ORGANISATIONS),
    on("authority_code", credit_codes.WRONG_CHECK_DIGIT),
    on("data_source_code", credit_codes.NO_CODE),
    on("representative_id", ids.WRONG_CHECK_DIGIT, among=publications.ORGANISATIONS),
    on("document", ids.WRONG_CHECK_DIGIT, among=publications.PERSONS),
    on("decided_on", dates.ANY_SPELLING, every=True),
    on("decided_on", dates.in_future("licence_decided_in_future")),
    on("valid_to", dates.NO_END_IN_WORDS),
    dates.validity_reversed("valid_from", "valid_to"),
    Planting(_reported_late),
    Planting(_renewed_name),
    on("state", codes.unlisted("3")),
    on("licence_category", codes.unlisted("一般许可")),
    on("licence_category", accepted("licence_category_other", "其他-备案", "其他-年检", due=AS_SENT)),
    on("decision_number", WITH_MARKS),
    damaged(Broken.TOO_MANY_CELLS),
    damaged(Broken.TOO_FEW_CELLS),
    repetition(),
    contradiction("content", "准予从事另一事项"),
    later_on(
        Later(updated("content", "（变更）")), Later(deleted), Later(deleted_by_key_alone("D")), Later(unknown_flag())
    ),
)
SOURCE = Source(
    name="administrative_licence",
    title="行政许可",
    about=About.ANYONE,
    form=Format(".csv", "gb18030", line_end="\r\n"),
    records=records,
    drift=(
        "行政相对人代码_2(组织机构代码)",
        "行政相对人代码_3(工商登记码)",
        "行政相对人代码_5(居民身份证号)",
        "决定文书号",
        "许可有效期自",
        "许可截止期",
        "许可机关代码",
        "dsc_biz_timestamp",
    ),
    plan=PLAN,
)
