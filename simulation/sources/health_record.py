"""居民健康档案: of about half of the people, a few of which are ended."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simulation.among import born_before
from simulation.checksums import id_number
from simulation.defects import addresses, codes, dates, names, nothing, phones
from simulation.defects import id_numbers as ids
from simulation.defects.identifiers import WITH_MARKS
from simulation.defects.records import contradiction, repetition
from simulation.defects.residents import (
    another_name,
    key_again,
    number_of_nobody,
    of_the_dead,
    plain,
    rows_holding,
    variant_name,
)
from simulation.defects.versions import Later, deleted, deleted_by_key_alone, later_on, unknown_flag, updated
from simulation.planting import Planting, Written, accepted, flagged, on, quarantined
from simulation.source import About, Format, Source
from simulation.subjects import Register
from simulation.table import Table, parts
from simulation.truth.golden import name_key
from simulation.truth.health import health_due
from simulation.vocabulary import (
    BLOOD_TYPE,
    DISABILITY,
    DRUG_ALLERGY,
    EDUCATION,
    ETHNICITY,
    MARITAL,
    MEDICAL_HISTORY,
    OCCUPATION,
    RECORD_STATE,
    RESIDENT_TYPE,
    RH_TYPE,
    SEX,
    label,
)
from simulation.world.block import World
from simulation.world.calendar import AS_OF_DAY, day_number, iso, iso_days, moments
from simulation.world.drawing import mobile_numbers, pick_of, street_addresses
from simulation.world.places import counties

ACTIVE = "活动"


def records(rng: np.random.Generator, world: World) -> tuple[Table, list[int]]:
    """Records of the dead were ended with them."""
    people = world.people
    able = np.flatnonzero(~people.outsider & (people.born + 200 < AS_OF_DAY) & (rng.random(len(people)) < 0.5))
    members, count = able.tolist(), len(able)
    died = people.died[members]
    is_dead = died >= 0
    begun = np.maximum(people.born[members] + 40, day_number("2009-06-01"))
    last = np.where(is_dead, np.maximum(died - 20, begun), AS_OF_DAY - 40)
    begun = np.minimum(begun + (rng.random(count) * 1_500).astype(np.int64), last)
    gone = ~is_dead & (rng.random(count) < 0.1)
    state = np.where(is_dead, "死亡", np.where(gone, np.array(pick_of(rng, ["迁出", "失访", "终止"], count)), ACTIVE))
    ended = np.where(is_dead, died + 3, begun + 30)
    followed = np.where(gone, begun, np.maximum(begun, last - rng.integers(0, 300, count)))
    history = pick_of(rng, [*MEDICAL_HISTORY, "", "", ""], count)
    allergy, disability = pick_of(rng, [*DRUG_ALLERGY, *[""] * 6], count), pick_of(rng, [*DISABILITY, *[""] * 9], count)
    blood, rh = pick_of(rng, list(BLOOD_TYPE), count), pick_of(rng, list(RH_TYPE), count)
    work, education = pick_of(rng, list(OCCUPATION), count), pick_of(rng, list(EDUCATION), count)
    region = [people.region[at] if people.region[at] in counties() else "150102" for at in members]
    sent = {
        "record_number": [
            f"{code}1002{at // 100_000 % 90 + 10}{at % 100_000:05}" for code, at in zip(region, members, strict=True)
        ],
        "id_number": [people.id_number[at] for at in members],
        "person_name": [people.name[at] for at in members],
        "sex": [SEX[people.sex[at]][0] for at in members],
        "birth_date": iso_days(people.born[members]),
        "ethnicity": [ETHNICITY[people.ethnicity[at]][0] for at in members],
        "marital_state": [MARITAL[people.marital[at]][0] for at in members],
        "education_level": [label(EDUCATION, code) for code in education],
        "occupation": [OCCUPATION[code][0] for code in work],
        "resident_type": [RESIDENT_TYPE["1"][0]] * count,
        "blood_type": [BLOOD_TYPE[code][0] for code in blood],
        "rh_type": [RH_TYPE[code][0] for code in rh],
        "payment_method": pick_of(rng, ["城镇职工基本医疗保险", "城乡居民基本医疗保险", "全自费"], count),
        "drug_allergy": [label(DRUG_ALLERGY, code) for code in allergy],
        "medical_history": [label(MEDICAL_HISTORY, code) for code in history],
        "disability": [label(DISABILITY, code) for code in disability],
        "residence_address": street_addresses(rng, region),
        "phone": mobile_numbers(rng, count),
        "issuer": [counties()[code] + "卫生院" for code in region],
        "created_on": iso_days(begun),
        "doctor_name": pick_of(rng, ["王丽", "苏日娜", "乌云其其格", "李强"], count),
        "followed_up_on": iso_days(followed),
        "record_state": [RECORD_STATE[code][0] for code in state.tolist()],
        "ended_on": np.where(state == ACTIVE, "", np.array(iso_days(np.maximum(ended, begun)))).tolist(),
        "updated_at": moments(rng, count),
        "operation": ["I"] * count,
    }
    due: dict[str, list[str | None]] = {
        "person_key": [name_key(name) for name in sent["person_name"]],
        "sex": [people.sex[at] for at in members],
        "ethnicity": [people.ethnicity[at] for at in members],
        "marital_state": [people.marital[at] for at in members],
        "education_level": list(education),
        "occupation": list(work),
        "resident_type": ["1"] * count,
        "blood_type": list(blood),
        "rh_type": list(rh),
        "drug_allergy": [code or None for code in allergy],
        "medical_history": [code or None for code in history],
        "disability": [code or None for code in disability],
        "record_state": state.tolist(),
    }
    return Table("health_record", sent, due, parts(count)), members


def _open(table: Table, row: int) -> None:
    table.put(row, "record_state", RECORD_STATE[ACTIVE][0], ACTIVE)
    table.put(row, "ended_on", "", None)


def _just_created(table: Table, row: int, at: int) -> None:
    _open(table, row)
    table.put(row, "followed_up_on", "", None)


def _without_end(table: Table, row: int, at: int) -> None:
    table.put(row, "ended_on", "", None)


def _several_open(register: Register) -> None:
    """Finding: a second clinic has opened another record."""
    table = register.table
    for at, row in enumerate(register.rows(max(register.each, 3))):
        again = table.copy_row(row)
        number = table.sent["record_number"][row]
        table.change(again, "record_number", f"{number[:6]}20{register.of.world.number % 100:02}{number[10:12]}{at:05}")
        for each in (row, again):
            _open(table, each)
        table.accept(again, "second_record")


def _dead(table: Table, row: int, died: int) -> None:
    """Active, or ended and followed up after the death."""
    table.change(row, "birth_date", _birthday(table.sent["id_number"][row]))
    table.change(row, "created_on", iso(died - 700))
    table.change(row, "followed_up_on", iso(died - 400 if row % 2 else died + 90))
    _open(table, row)
    if not row % 2:
        table.put(row, "record_state", "终止", "终止")
        table.change(row, "ended_on", iso(died + 120))


def _birthday(number: str) -> str:
    return f"{number[6:10]}-{number[10:12]}-{number[12:14]}"


def _ended_without_day(register: Register) -> None:
    table = register.table
    for at, row in enumerate(register.rows(2 * register.each)):
        _open(table, row)
        if at % 2:
            table.change(row, "ended_on", table.sent["followed_up_on"][row])
        else:
            table.put(row, "record_state", "已迁出", "迁出")
        table.flag(row, "record_ended_unlike_state", "ended_with_day")


def _day_before_creation(column: str, rule: str) -> Planting:
    def plant(register: Register) -> None:
        table = register.table
        for row in rows_holding(register, column):
            table.change(row, column, dates.day_before(table.sent["created_on"][row], 3))
            table.flag(row, "day_before_creation", rule)

    return Planting(plant)


def _too_old(register: Register) -> None:
    """Finding: a number of somebody born in the first years of the last century, whom no register knows."""
    table = register.table
    for at, row in enumerate(register.rows(max(register.each, 3), plain(register))):
        number = id_number(f"{table.sent['id_number'][row][:6]}190{at % 3}{at % 12 + 1:02}15{997 + at % 3}")
        table.change(row, "id_number", number)
        table.change(row, "birth_date", _birthday(number))
        table.put(row, "sex", SEX["1" if int(number[16]) % 2 else "2"][0], "1" if int(number[16]) % 2 else "2")
        table.put(row, "resident_type", RESIDENT_TYPE["2"][0], "2")
        table.change(row, "created_on", "2015-03-01")
        table.change(row, "followed_up_on", "2024-03-01")
        _open(table, row)
        table.accept(row, "followed_up_too_old")


SEVERAL = accepted(
    "several_values",
    Written("高血压、糖尿病", "2;3"),
    Written("高血压;冠心病", "2;4"),
    Written("3，2", "2;3"),
    Written("糖尿病；高血压病,脑卒中", "2;3;7"),
)
PLAN = (
    of_the_dead(_dead, "record_of_dead"),
    Planting(_too_old),
    another_name(plain),
    variant_name(plain),
    number_of_nobody(plain),
    Planting(_several_open),
    Planting(_ended_without_day),
    _day_before_creation("ended_on", "ended_after_creation"),
    _day_before_creation("followed_up_on", "followed_up_after_creation"),
    on("medical_history", SEVERAL, every=True),
    on("medical_history", flagged("none_beside_value", Written("无、高血压", "1;2")), rules=["none_beside_disease"]),
    on("drug_allergy", flagged("none_beside_value", Written("无;青霉素", "无;青霉素")), rules=["none_beside_allergy"]),
    on(
        "disability", flagged("none_beside_value", Written("无，肢体残疾", "无;肢体")), rules=["none_beside_disability"]
    ),
    on("medical_history", accepted("nothing_in_words", Written("无", None), Written("1", "1")), every=True),
    on("medical_history", codes.unlisted("高血压、感冒")),
    on("drug_allergy", codes.unlisted("花粉")),
    on("disability", codes.unlisted("一级")),
    on(
        "created_on",
        flagged("event_before_birth", "1925-03-01"),
        rules=["created_after_birth"],
        among=born_before("2026-01-01"),
    ),
    on("birth_date", dates.UNLIKE_BIRTHDAY, rules=["birth_date_matches_id"]),
    on("sex", codes.another_code("sex_mismatch", SEX), rules=["sex_matches_id"]),
    on("record_number", flagged("record_number_form", lambda number: number[:15], checks=["form"])),
    on("record_number", flagged("record_number_region", lambda number: "99" + number[2:], checks=["region"])),
    on("record_number", WITH_MARKS),
    on("record_number", nothing.required("")),
    on("id_number", ids.FIFTEEN_DIGITS, among=born_before("2000-01-01")),
    on("id_number", ids.WRONG_CHECK_DIGIT),
    on("id_number", nothing.required("无")),
    on("person_name", nothing.required("NULL")),
    on("person_name", replace(names.MASKED, beside=key_again)),
    on("person_name", names.NOT_LEGIBLE),
    on("blood_type", codes.other_label(BLOOD_TYPE, 1, code_itself=True)),
    on("blood_type", codes.unlisted("C型")),
    on("rh_type", codes.unlisted("是")),
    on("resident_type", codes.unlisted("流动")),
    on("occupation", codes.unlisted("网约车司机")),
    on("record_state", replace(codes.unlisted("在建"), beside=_without_end)),
    on("record_state", nothing.required("—")),
    on("created_on", dates.unreadable("2024-13-45")),
    on("created_on", quarantined("created_in_future", dates.FAR_FUTURE, checks=["not_future"], beside=_just_created)),
    on("followed_up_on", dates.in_future("followed_up_in_future")),
    on("residence_address", addresses.STREET_LOST),
    on("phone", phones.ZEROS),
    on("doctor_name", nothing.NULL_TOKEN),
    repetition(),
    contradiction("payment_method", "其他"),
    later_on(
        Later(updated("residence_address", "附1号")),
        Later(deleted),
        Later(deleted_by_key_alone("D")),
        Later(unknown_flag()),
    ),
)
SOURCE = Source(
    name="health_record",
    title="居民健康档案",
    about=About.PEOPLE,
    form=Format(".jsonl"),
    records=records,
    drift=("健康档案编号", "身份证号", "疾病史", "本人电话", "cd_operation", "cd_time"),
    plan=PLAN,
    held_against=health_due,
)
