"""残疾人证: certificates of disability, some of which were issued anew."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulation.among import Among, both, number_born_before
from simulation.checksums import id_number
from simulation.defects import addresses, codes, credentials, dates, names, nothing, phones
from simulation.defects import id_numbers as ids
from simulation.defects.identifiers import WITH_MARKS
from simulation.defects.records import contradiction, damaged, repetition
from simulation.defects.versions import Later, deleted, deleted_by_key_alone, later_on, updated
from simulation.planting import Planting, flagged, on, quarantined
from simulation.source import About, Format, Source
from simulation.subjects import Register
from simulation.table import Broken, Table, parts
from simulation.truth.golden import name_key
from simulation.vocabulary import (
    DISABILITY_CAUSE,
    DISABILITY_GRADE,
    DISABILITY_KIND,
    DISABILITY_STATE,
    EDUCATION,
    ETHNICITY,
    MARITAL,
    SEX,
)
from simulation.world.block import World
from simulation.world.calendar import AS_OF_DAY, day_number, iso, iso_days, moments
from simulation.world.drawing import mobile_numbers, pick_of, street_addresses
from simulation.world.people import Mask
from simulation.world.places import counties

FEWEST = 170
IN_FORCE, CANCELLED, FROZEN = "有效", "注销", "冻结"
GUARDED = ("5", "6")
OF_AGE = 18 * 366


def records(rng: np.random.Generator, world: World) -> tuple[Table]:
    """One certificate each, of people who live; guardians where the kind asks for one, and of minors."""
    people = world.people
    able = people.alive & ~people.outsider & (people.born < AS_OF_DAY - 1_500)
    members = np.flatnonzero(able).tolist()[:: max(1, int(able.sum()) // max(world.total // 15, FEWEST))]
    count = len(members)
    kind, grade = pick_of(rng, list(DISABILITY_KIND), count), pick_of(rng, list(DISABILITY_GRADE), count)
    born = people.born[members]
    issued = np.maximum(rng.integers(day_number("2017-01-01"), AS_OF_DAY - 200, count), born + 1_200)
    state = pick_of(rng, [IN_FORCE] * 9 + [CANCELLED], count)
    is_guarded = (issued < born + OF_AGE) | np.isin(np.array(kind), GUARDED)
    guardians = rng.choice(np.flatnonzero(people.adult & people.alive), count).tolist()
    guardians = [other if other != at else members[0] for other, at in zip(guardians, members, strict=True)]
    region = [people.region[at] if people.region[at] in counties() else "150102" for at in members]
    cause = pick_of(rng, list(DISABILITY_CAUSE), count)
    sent: dict[str, list[Any]] = {
        "disability_number": [
            people.id_number[at] + of_kind + of_grade
            for at, of_kind, of_grade in zip(members, kind, grade, strict=True)
        ],
        "id_number": [people.id_number[at] for at in members],
        "person_name": [people.name[at] for at in members],
        "sex": [SEX[people.sex[at]][0] for at in members],
        "ethnicity": [ETHNICITY[people.ethnicity[at]][0] for at in members],
        "marital_state": [MARITAL[people.marital[at]][0] for at in members],
        "education_level": [EDUCATION["70"][0]] * count,
        "household_region": region,
        "residence_address": street_addresses(rng, region),
        "disability_kind": [DISABILITY_KIND[code][0] for code in kind],
        "disability_grade": [DISABILITY_GRADE[code][0] for code in grade],
        "impaired_part": pick_of(rng, ["", "左下肢", "双眼", "双耳"], count),
        "disability_cause": [DISABILITY_CAUSE[code][0] for code in cause],
        "disabled_since": [day[:7] for day in iso_days(issued - 400)],
        "guardian_name": [people.name[at] if has else "" for at, has in zip(guardians, is_guarded, strict=True)],
        "guardian_document": [
            people.id_number[at] if has else "" for at, has in zip(guardians, is_guarded, strict=True)
        ],
        "guardian_relation": ["亲属" if has else "" for has in is_guarded],
        "assessing_hospital": [f"{counties()[code]}人民医院" for code in region],
        "assessed_on": iso_days(issued - 20),
        "issuer": [f"{counties()[code]}残疾人联合会" for code in region],
        "issued_on": iso_days(issued),
        "valid_to": [_ten_years_on(day) for day in iso_days(issued)],
        "state": [DISABILITY_STATE[code][0] for code in state],
        "cancellation_reason": ["本人申请" if code == CANCELLED else "" for code in state],
        "phone": mobile_numbers(rng, count),
        "updated_at": moments(rng, count),
        "operation": [""] * count,
    }
    due: dict[str, list[str | None]] = {
        "name_key": [name_key(people.name[at]) for at in members],
        "sex": [people.sex[at] for at in members],
        "ethnicity": [people.ethnicity[at] for at in members],
        "marital_state": [people.marital[at] for at in members],
        "education_level": ["70"] * count,
        "disability_kind": list(kind),
        "disability_grade": list(grade),
        "disability_cause": list(cause),
        "state": list(state),
    }
    return (Table("disability_registration", sent, due, parts(count)),)


def _ten_years_on(day: str) -> str:
    """The day before that of ten years later."""
    return iso(day_number(f"{int(day[:4]) + 10}{day[4:].replace('02-29', '02-28')}") - 1)


def numbered(table: Table, row: int) -> None:
    """The number holds the id number, the kind and the grade."""
    ending = [str(table.column(name)[row]) for name in ("disability_kind", "disability_grade")]
    table.change(row, "disability_number", "".join([table.sent["id_number"][row], *ending]))


def _issued(table: Table, row: int, day: int) -> None:
    table.change(row, "issued_on", iso(day))
    table.change(row, "assessed_on", iso(day - 10))
    table.change(row, "valid_to", _ten_years_on(iso(day)))


def _reissued(register: Register) -> None:
    """Issued anew, to a higher grade or as a copy: the first one is no longer in force."""
    table = register.table
    for at, row in enumerate(register.rows(2 * register.each, PLAIN(register))):
        anew = table.copy_row(row)
        if at % 2:
            table.change(anew, "disability_number", f"{table.sent['disability_number'][row]}B1")
        else:
            grade = "1" if table.column("disability_grade")[row] != "1" else "2"
            table.put(anew, "disability_grade", DISABILITY_GRADE[grade][1], grade)
            numbered(table, anew)
        _issued(table, anew, day_number(table.sent["issued_on"][row]) + 150)
        table.put(row, "state", DISABILITY_STATE[CANCELLED][1], CANCELLED)
        table.accept(anew, "disability_certificate_reissued")


def _id_changed(register: Register) -> None:
    """Finding `disability_id_changed`: the number is that of before, and an alias of the one of today."""
    table = register.table
    for row in register.rows(also=PLAIN(register)):
        own = table.sent["id_number"][row]
        before = id_number(f"{own[:14]}{(int(own[14:17]) + 4) % 980:03}")
        table.change(row, "disability_number", before + table.sent["disability_number"][row][18:])
        table.flag(row, "disability_id_changed", "number_holds_id")


def _minor_alone(register: Register) -> None:
    """Finding `disabled_minor_without_guardian`."""
    for row in register.rows(also=both(PLAIN, _minor)(register)):
        for column in ("guardian_name", "guardian_document", "guardian_relation"):
            register.table.put(row, column, "", None)
        register.table.accept(row, "disabled_minor_without_guardian")


def _guardian_is_holder(register: Register) -> None:
    for row in register.rows(also=OF_GUARDED(register)):
        register.table.change(row, "guardian_document", register.table.sent["id_number"][row])
        register.table.flag(row, "guardian_is_holder", "guardian_differs")


def _minor(register: Register) -> Mask:
    held = zip(register.table.sent["id_number"], register.table.sent["issued_on"], strict=True)
    young = [int(day[:4]) - int(number[6:10]) < 17 for number, day in held]
    return np.array(young[: register.subjects])


def _without_kind_of(*kinds: str) -> Among:
    return credentials.having("disability_kind", *(kind for kind in DISABILITY_KIND if kind not in kinds))


IN_FORCE_NOW = credentials.of_state(IN_FORCE)
PLAIN = both(IN_FORCE_NOW, _without_kind_of(*GUARDED))
OF_GUARDED = credentials.having("disability_kind", *GUARDED)
OF_ANOTHER_FORM = quarantined(
    "disability_number_of_another_form", lambda number: number + "X", lambda number: number + "B", checks=["form"]
)
CUT_SHORT = quarantined("disability_number_cut_short", lambda number: number[:19], checks=["form"])
OF_DAMAGED_ID = flagged("disability_number_damaged", lambda number: ids.wrong_check(number[:18]) + number[18:])
PLAN = (
    Planting(_minor_alone),
    Planting(_id_changed),
    Planting(_reissued),
    credentials.in_force_after_death(numbered, IN_FORCE_NOW),
    credentials.after_death(numbered, _issued, (FROZEN, DISABILITY_STATE[FROZEN])),
    credentials.another_name(),
    credentials.another_number(numbered),
    Planting(_guardian_is_holder),
    on("guardian_name", flagged("guardian_missing", "", due=None), among=OF_GUARDED, rules=["guardian_given"]),
    on("guardian_document", ids.WRONG_CHECK_DIGIT, among=OF_GUARDED),
    on("id_number", nothing.required("", "无", "NULL")),
    on("id_number", ids.WRONG_CHECK_DIGIT, rules=["number_holds_id"]),
    on("id_number", ids.FIFTEEN_DIGITS, among=number_born_before("id_number", "2000")),
    on("disability_number", OF_ANOTHER_FORM, every=True),
    on("disability_number", CUT_SHORT, rules=["grade_in_number"]),
    on("disability_number", OF_DAMAGED_ID, rules=["number_holds_id"]),
    on("disability_number", ids.LOWER_CASE_X, among=credentials.holding("disability_number", "X")),
    on("disability_number", WITH_MARKS),
    on("disability_kind", codes.another_code("kind_unlike_number", DISABILITY_KIND), rules=["kind_in_number"]),
    on("disability_grade", codes.another_code("grade_unlike_number", DISABILITY_GRADE), rules=["grade_in_number"]),
    on("disability_kind", codes.other_label(DISABILITY_KIND, 1, 0, code_itself=True)),
    on("disability_grade", codes.other_label(DISABILITY_GRADE, 1, 0, code_itself=True)),
    on("disability_grade", codes.unlisted("五级")),
    on("disability_cause", codes.unlisted("宿命")),
    on("state", codes.unlisted("待定")),
    on("valid_to", flagged("valid_too_long", dates.shifted(800)), rules=["valid_for_ten_years"]),
    on("valid_to", dates.no_end("certificate_without_end", "长期", "9999-12-31")),
    dates.validity_reversed("issued_on", "valid_to"),
    on("assessed_on", flagged("assessed_after_issue", dates.shifted(60)), rules=["issued_after_assessment"]),
    on(
        "issued_on",
        dates.before_birth(),
        rules=["issued_after_birth", "issued_after_assessment", "valid_for_ten_years"],
    ),
    on("issued_on", dates.in_future("issue_in_future"), rules=["validity_in_order"]),
    on("assessed_on", dates.YEAR_ONE_MEANS_NOTHING),
    on("issued_on", dates.ANY_SPELLING, every=True),
    on("sex", codes.another_code("sex_mismatch", SEX), rules=["sex_matches_id"]),
    on("person_name", names.PADDED_UNEVENLY),
    on("person_name", names.NOT_LEGIBLE),
    on("residence_address", addresses.STREET_LOST),
    on("phone", phones.ZEROS),
    on(["impaired_part", "cancellation_reason", "household_region"], nothing.NULL_TOKEN, every=True),
    damaged(Broken.TOO_MANY_CELLS),
    repetition(),
    contradiction("issuer", "内蒙古某残疾人联合会"),
    later_on(
        Later(updated("residence_address", "附1号")),
        Later(deleted),
        Later(deleted_by_key_alone("D", "delete")),
    ),
)
SOURCE = Source(
    name="disability_registration",
    title="残疾人证",
    about=About.ANYONE,
    form=Format(".csv", "utf-8-sig", line_end="\r\n"),
    records=records,
    drift=("残疾证号", "有效期止", "办证日期", "cd_operation", "cd_time"),
    plan=PLAN,
)
