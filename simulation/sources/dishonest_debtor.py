"""失信被执行人: the list of a day, and an earlier, shorter one of which some are in the later list no longer."""

from __future__ import annotations

import numpy as np

from simulation.defects import codes, credit_codes, dates, nothing, publications
from simulation.defects.records import contradiction, repetition
from simulation.planting import AS_SENT, Planting, accepted, flagged, on
from simulation.publications import (
    ORGANISATION,
    PERSON,
    SPECIAL,
    Subject,
    draw_subjects,
    living_heads,
    meant,
    person,
    reported_at,
    subject_due,
)
from simulation.source import About, Format, Source
from simulation.subjects import Register
from simulation.table import LATER, MAIN, Table
from simulation.vocabulary import CONDUCT, PERFORMANCE, SUBJECT_CATEGORY
from simulation.world.block import World
from simulation.world.calendar import day_number, iso, iso_days
from simulation.world.drawing import pick_of
from simulation.world.places import CITIES

FEWEST, SEEN_BEFORE, NO_NUMBER = 160, 20, "无"


def records(rng: np.random.Generator, world: World) -> tuple[Table]:
    """One for a hundred people, and behind them people who head an organisation."""
    heads = [person(world, at) for at in living_heads(world)[:SPECIAL]]
    subjects = [*draw_subjects(rng, world, max(world.total // 100, FEWEST)), *heads]
    count = len(subjects)
    days = rng.integers(day_number("2021-01-01"), day_number("2026-03-01"), count)
    cities = pick_of(rng, list(CITIES), count)
    performed, conduct = pick_of(rng, list(PERFORMANCE), count), pick_of(rng, list(CONDUCT), count)
    numbers = [f"{700_000_000 + at}" if at % 4 else "" for at in range(count)]
    kinds = [ORGANISATION if subject.credit_code else PERSON for subject in subjects]
    sent = {
        "publication_number": numbers,
        "subject_name": [subject.name for subject in subjects],
        "subject_category": [SUBJECT_CATEGORY[kind][0] for kind in kinds],
        "reported_code": [subject.code for subject in subjects],
        "representative_name": [subject.head[0] for subject in subjects],
        "court_code": [f"M{city[:4]}" for city in cities],
        "court": [f"{CITIES[city]}中级人民法院" for city in cities],
        "basis_number": [f"（{iso(day)[:4]}）内民终{at:06}号" for at, day in enumerate(days.tolist())],
        "filed_on": iso_days(days),
        "case_number": [f"（{iso(day)[:4]}）内执{at:06}号" for at, day in enumerate(days.tolist())],
        "basis_authority": [f"{CITIES[city]}中级人民法院" for city in cities],
        "duty": ["支付货款及利息"] * count,
        "performance": [PERFORMANCE[code][0] for code in performed],
        "conduct": [CONDUCT[code][0] for code in conduct],
        "performed_part": [""] * count,
        "unperformed_part": [""] * count,
        "published_on": iso_days(days + 20),
        "updated_at": reported_at(rng, (days + 20).tolist()),
    }
    due: dict[str, list[str | None]] = {
        "subject_key": subject_due(subjects)["subject_key"],
        "subject_category": list(kinds),
        "publication_number": [number or NO_NUMBER for number in numbers],
        "basis_number": [number.replace("（", "(").replace("）", ")") for number in sent["basis_number"]],
        "case_number": [number.replace("（", "(").replace("）", ")") for number in sent["case_number"]],
        "performance": list(performed),
        "conduct": list(conduct),
    }
    table = Table("dishonest_debtor", sent, due, [LATER] * count, meant=meant(subjects, len(heads)))
    return (table,)


def _in_an_earlier_list(register: Register) -> None:
    """Some are in it as they are today, and some are in no later one."""
    table = register.table
    for row in register.rows(SEEN_BEFORE):
        table.part[table.copy_row(row)] = MAIN
    for row in register.rows():
        table.part[row] = MAIN
        table.withdrawing.add(row)
        table.accept(row, "gone_from_snapshot")


def _subject(table: Table, row: int) -> Subject:
    return table.meant["subject"][row]


def _code_of_organisation(register: Register) -> None:
    table = register.table
    for at, row in enumerate(register.rows(2 * register.each, publications.ORGANISATIONS(register))):
        code = _subject(table, row).code
        table.change(row, "reported_code", [code[8:17], f"{code[8:16]}-{code[16]}"][at % 2])
        table.meant["method"][row] = "organisation_code"
        table.accept(row, "debtor_by_organisation_code")


def _masked(register: Register) -> None:
    table = register.table
    for row in register.rows(also=publications.PERSONS(register)):
        table.change(row, "reported_code", publications.masked_number(_subject(table, row).code))
        table.meant["method"][row] = "name_and_visible_digits"
        table.accept(row, "debtor_masked")


def _hidden(register: Register) -> None:
    """So few digits are left that they say nothing."""
    table = register.table
    for row in register.rows(also=publications.PERSONS(register)):
        table.change(row, "reported_code", f"{_subject(table, row).code[:4]}**************")
        publications.not_found(table, row)
        table.accept(row, "debtor_hidden")


UNKNOWN = accepted("debtor_unknown", publications.UNKNOWN.sent[0], due=AS_SENT, beside=publications.unknown)
OF_OTHER_KIND = flagged("debtor_code_of_other_kind", "150102000012345", beside=publications.not_found)
PLAN = (
    Planting(publications.keep_special),
    Planting(_in_an_earlier_list),
    Planting(_code_of_organisation),
    Planting(_masked),
    Planting(_hidden),
    Planting(publications.name_missing),
    on("reported_code", UNKNOWN, among=publications.ORGANISATIONS),
    on("reported_code", OF_OTHER_KIND, among=publications.ORGANISATIONS, rules=["code_of_organisation"]),
    on("reported_code", credit_codes.LOWER_CASE, among=publications.ORGANISATIONS),
    on("reported_code", nothing.required("/", "无")),
    on(
        "representative_name",
        flagged("debtor_person_with_head", "王一", due="王一"),
        among=publications.PERSONS,
        rules=["representative_of_organisation"],
    ),
    on("published_on", flagged("published_before_filed", "2019-05-01"), rules=["filed_before_published"]),
    on("filed_on", dates.in_future("debtor_filed_in_future"), rules=["filed_before_published"]),
    on("performance", codes.unlisted("不详")),
    on("conduct", codes.unlisted("其他规避执行的情形")),
    on("performance", codes.other_label(PERFORMANCE, 1, code_itself=True)),
    repetition(),
    contradiction("duty", "返还借款"),
)
SOURCE = Source(
    name="dishonest_debtor",
    title="失信被执行人",
    about=About.ANYONE,
    form=Format(".jsonl"),
    records=records,
    plan=PLAN,
)
