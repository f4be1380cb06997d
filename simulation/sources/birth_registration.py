"""出生医学证明: of children whose mothers are known; some were issued anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simulation.defects import addresses, codes, dates, names, nothing
from simulation.defects.births import CERTIFICATES, put_birth
from simulation.defects.identifiers import WITH_MARKS
from simulation.defects.records import contradiction, repetition
from simulation.defects.versions import Later, deleted, deleted_by_key_alone, later_on, unknown_flag, updated
from simulation.planting import Written, accepted, flagged, on, quarantined
from simulation.source import About, Format, Source
from simulation.table import Table, parts
from simulation.truth.birth import births_due
from simulation.truth.golden import name_key
from simulation.vocabulary import BIRTH_CERTIFICATE_STATE, BIRTH_PLACE_TYPE, ETHNICITY, NATIONALITY, NEWBORN_HEALTH, SEX
from simulation.world.block import World
from simulation.world.calendar import AS_OF_DAY, day_number, iso_days, moments
from simulation.world.drawing import pick_of
from simulation.world.families import families
from simulation.world.places import CITIES, counties

LETTER_SINCE = day_number("2023-04-01")


def records(rng: np.random.Generator, world: World) -> tuple[Table, list[int]]:
    """Of two children one has got its number on the certificate; the other is found in its mother's household."""
    people, some = world.people, families(world.people)
    children, count = [family.child for family in some], len(some)
    born = people.born[children]
    issued = np.minimum(born + rng.integers(2, 25, count), AS_OF_DAY)
    letters = np.where(issued >= LETTER_SINCE, "X", "S").tolist()
    clock = [f"{hour:02}:{minute:02}:00" for hour, minute in rng.integers(0, [24, 60], (count, 2)).tolist()]
    region = [people.region[at] for at in children]
    place, health = pick_of(rng, list(BIRTH_PLACE_TYPE), count), pick_of(rng, ["良好", "良好", "一般"], count)
    sent = {
        "certificate_number": [
            f"{letter}15{world.number % 10}{n:06}"
            for letter, n in zip(letters, rng.permutation(count).tolist(), strict=True)
        ],
        "certificate_state": ["有效"] * count,
        "original_number": [""] * count,
        "child_name": [people.name[at] for at in children],
        "sex": [SEX[people.sex[at]][0] for at in children],
        "born_at": [f"{day} {time}" for day, time in zip(iso_days(born), clock, strict=True)],
        "birth_region": region,
        "birth_province": ["内蒙古自治区"] * count,
        "birth_city": [CITIES[code[:4] + "00"] for code in region],
        "birth_county": [counties()[code] for code in region],
        "birth_township": pick_of(rng, ["城关镇", "新华街道", ""], count),
        "birth_village": [""] * count,
        "birth_street": pick_of(rng, ["新华大街", "光明路"], count),
        "birth_house": [f"{n}号" for n in rng.integers(1, 99, count).tolist()],
        "birth_place_type": [BIRTH_PLACE_TYPE[code][0] for code in place],
        "newborn_health": [NEWBORN_HEALTH[code][0] for code in health],
        "gestation_weeks": [str(weeks) for weeks in rng.integers(36, 42, count).tolist()],
        "birth_length": [str(length) for length in rng.integers(46, 54, count).tolist()],
        "birth_weight": [str(weight) for weight in rng.integers(2_400, 4_200, count).tolist()],
        "midwife_name": pick_of(rng, ["王丽", "苏日娜", "李敏"], count),
        "birth_institution": [counties()[code] + "人民医院" for code in region],
        "issued_on": iso_days(issued),
        "issuer": [counties()[code] + "妇幼保健院" for code in region],
        "child_id": [people.id_number[at] if at % 2 else "" for at in children],
        "updated_at": moments(rng, count),
        "operation": ["I"] * count,
    }
    due: dict[str, list[str | None]] = {
        "child_key": [name_key(people.name[at]) for at in children],
        "born_on": list(iso_days(born)),
        "sex": [people.sex[at] for at in children],
        "birth_place_type": list(place),
        "newborn_health": list(health),
        **{name: [f"{n}.00" for n in sent[name]] for name in ("gestation_weeks", "birth_length", "birth_weight")},
    }
    for role, parents in (("mother", [f.mother for f in some]), ("father", [f.father for f in some])):
        there = [None if parent is None else int(parent) for parent in parents]
        sent |= {
            f"{role}_name": ["" if at is None else people.name[at] for at in there],
            f"{role}_nationality": ["" if at is None else NATIONALITY["CHN"][0] for at in there],
            f"{role}_ethnicity": ["" if at is None else ETHNICITY[people.ethnicity[at]][0] for at in there],
            f"{role}_document_type": ["" if at is None else "居民身份证" for at in there],
            f"{role}_document": ["" if at is None else people.id_number[at] for at in there],
        }
        due |= {
            f"{role}_key": [None if at is None else name_key(people.name[at]) for at in there],
            f"{role}_nationality": [None if at is None else "CHN" for at in there],
            f"{role}_ethnicity": [None if at is None else people.ethnicity[at] for at in there],
            f"{role}_document_type": [None if at is None else "111" for at in there],
        }
    return Table("birth_registration", sent, due, parts(count)), children


def _without_child(table: Table, row: int, at: int) -> None:
    table.put(row, "child_id", "", None)


def _born_in_future(table: Table, row: int, at: int) -> None:
    _without_child(table, row, at)
    put_birth(table, row, dates.FAR_FUTURE)


def _unnamed(table: Table, row: int, at: int) -> None:
    table.due["child_key"][row] = None


def _never_issued_anew(table: Table, row: int, at: int) -> None:
    table.put(row, "original_number", "", None)


GRAMS = flagged("weight_in_kilograms", Written("3.2", "3.20"))
PLAN = (
    *CERTIFICATES,
    on(
        "gestation_weeks",
        flagged("weeks_impossible", Written("4", "4.00"), Written("280", "280.00")),
        rules=["gestation_within"],
    ),
    on("birth_weight", GRAMS, rules=["weight_within"]),
    on("birth_length", flagged("length_in_millimetres", Written("500", "500.00")), rules=["length_within"]),
    on("gestation_weeks", flagged("measure_unreadable", "足月", checks=["form"], due=None)),
    on("birth_weight", accepted("measure_thousands", Written("3,250", "3250.00"), Written("３２５０", "3250.00"))),
    on("certificate_number", flagged("certificate_form", lambda number: number[:9], checks=["form"])),
    on("certificate_number", WITH_MARKS),
    on("certificate_number", nothing.required("无")),
    on("certificate_state", codes.other_label(BIRTH_CERTIFICATE_STATE, 1)),
    on("certificate_state", codes.unlisted("遗失")),
    on("certificate_state", nothing.required("")),
    on("original_number", flagged("original_of_none", "S159999999"), rules=["original_with_state"]),
    on(
        "certificate_state",
        flagged("original_missing", "补发", beside=_never_issued_anew),
        rules=["original_with_state"],
    ),
    on("mother_document", nothing.required("—")),
    on("mother_name", nothing.required("NULL")),
    on("mother_name", names.NOT_LEGIBLE),
    on("child_name", replace(nothing.NULL_TOKEN, beside=_unnamed)),
    on("sex", codes.unlisted("雄")),
    on(
        "born_at",
        quarantined("birth_unreadable", "不详", checks=["form"], beside=_without_child),
        rules=["born_on.form"],
    ),
    on(
        "born_at",
        quarantined("born_in_future", f"{dates.FAR_FUTURE} 08:00:00", beside=_born_in_future),
        rules=["born_on.not_future", "issued_after_birth"],
    ),
    on("issued_on", dates.in_future("issued_in_future")),
    on("issued_on", dates.unreadable("2024-13-45")),
    on("birth_place_type", codes.other_label(BIRTH_PLACE_TYPE, 1)),
    on("birth_place_type", codes.unlisted("车上")),
    on("newborn_health", codes.unlisted("A")),
    on("mother_nationality", accepted("nationality_elsewhere", Written("蒙古", "MNG"), Written("俄罗斯", "RUS"))),
    on("mother_ethnicity", codes.unlisted("蒙古人")),
    on("birth_street", addresses.STREET_LOST),
    on("child_id", nothing.NULL_TOKEN),
    repetition(),
    contradiction("midwife_name", "赵敏"),
    later_on(
        Later(updated("birth_house", "附1号")), Later(deleted), Later(deleted_by_key_alone("D")), Later(unknown_flag())
    ),
)
SOURCE = Source(
    name="birth_registration",
    title="出生医学证明",
    about=About.PEOPLE,
    form=Format(".xlsx"),
    records=records,
    drift=("出生证编号", "出生时间", "母亲有效身份证件号码", "接生机构", "cd_operation", "cd_time"),
    plan=PLAN,
    held_against=births_due,
)
