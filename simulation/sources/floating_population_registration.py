"""流动人口居住登记: where people live apart from their household, and lived before."""

from __future__ import annotations

import numpy as np

from simulation.among import born_before, both
from simulation.defects import addresses, codes, dates, names, nothing, phones, regions
from simulation.defects import id_numbers as ids
from simulation.defects.identifiers import WITH_MARKS
from simulation.defects.records import contradiction, repetition
from simulation.defects.residents import (
    another_name,
    at_home,
    number_of_nobody,
    of_the_dead,
    rows_holding,
    variant_name,
)
from simulation.defects.versions import Later, deleted, deleted_by_key_alone, later_on, unknown_flag, updated
from simulation.planting import Planting, flagged, on, quarantined
from simulation.source import About, Format, Source
from simulation.subjects import Register
from simulation.table import Table, parts
from simulation.truth.golden import name_key
from simulation.truth.residence import residences_due
from simulation.vocabulary import ETHNICITY, RESIDENCE_EVENT, RESIDENCE_PLACE, RESIDENCE_REASON, SEX
from simulation.world.block import World
from simulation.world.calendar import day_number, iso, iso_days, moments
from simulation.world.drawing import mobile_numbers, pick_of, street_addresses
from simulation.world.places import counties

LEFT = "注销"


def records(rng: np.random.Generator, world: World) -> tuple[Table, list[int]]:
    """Everybody who moved is registered, long enough before any permit; half of them lived elsewhere before."""
    people = world.people
    before = [at for at in world.moved if at % 2]
    members = [*world.moved, *before]
    count, now = len(members), len(world.moved)
    is_over = np.arange(count) >= now
    live = pick_of(rng, list(counties()), count)
    own = list(counties())
    # Nobody moves to where the household is.
    live = [
        own[own.index(code) - 1] if code == people.region[at] else code for code, at in zip(live, members, strict=True)
    ]
    begun = np.where(
        is_over,
        rng.integers(day_number("2012-01-01"), day_number("2014-01-01"), count),
        rng.integers(day_number("2015-06-01"), day_number("2018-06-01"), count),
    )
    begun = np.maximum(begun, people.born[members] + 17 * 366)
    event = np.where(is_over, LEFT, np.array(pick_of(rng, ["登记", "登记", "变更"], count))).tolist()
    place, reason = pick_of(rng, list(RESIDENCE_PLACE), count), pick_of(rng, list(RESIDENCE_REASON), count)
    landlords = rng.integers(0, len(people), count).tolist()
    landlords = [landlord if landlord != at else at - 1 for landlord, at in zip(landlords, members, strict=True)]
    is_rented = [kind == "租赁房屋" for kind in place]
    homes = [people.region[at] for at in members]
    sent = {
        "registration_number": [f"L{code}{world.number:03}{n:07}" for code, n in zip(live, range(count), strict=True)],
        "id_number": [people.id_number[at] for at in members],
        "person_name": [people.name[at] for at in members],
        "sex": [SEX[people.sex[at]][0] for at in members],
        "ethnicity": [ETHNICITY[people.ethnicity[at]][0] for at in members],
        "household_region": homes,
        "household_address": [f"户籍地{n}号" for n in range(count)],
        "residence_region": live,
        "residence_address": street_addresses(rng, live),
        "residence_place": [RESIDENCE_PLACE[code][0] for code in place],
        "residence_reason": [RESIDENCE_REASON[code][0] for code in reason],
        "arrived_on": iso_days(begun - rng.integers(0, 20, count)),
        "registered_on": iso_days(begun),
        "intended_stay": pick_of(rng, ["半年以上", "一年以上", "三年"], count),
        "left_on": np.where(is_over, np.array(iso_days(begun + 300)), "").tolist(),
        "workplace": pick_of(rng, ["", "", "建筑工地", "餐馆"], count),
        "landlord_name": [people.name[at] if has else "" for at, has in zip(landlords, is_rented, strict=True)],
        "landlord_document": [
            people.id_number[at] if has else "" for at, has in zip(landlords, is_rented, strict=True)
        ],
        "residence_event": [RESIDENCE_EVENT[code][0] for code in event],
        "registrar": [counties()[code] + "公安局" for code in live],
        "phone": mobile_numbers(rng, count),
        "updated_at": moments(rng, count),
        "operation": ["I"] * count,
    }
    due: dict[str, list[str | None]] = {
        "person_key": [name_key(name) for name in sent["person_name"]],
        "sex": [people.sex[at] for at in members],
        "ethnicity": [people.ethnicity[at] for at in members],
        "residence_place": list(place),
        "residence_reason": list(reason),
        "residence_event": list(event),
    }
    return Table("floating_population_registration", sent, due, parts(count)), members


LANDLORD = "landlord_document"


def _own_landlord(register: Register) -> None:
    table = register.table
    for row in rows_holding(register, LANDLORD):
        table.change(row, LANDLORD, table.sent["id_number"][row])
        table.flag(row, "landlord_is_resident", "landlord_is_somebody_else")


def _landlords(register: Register) -> None:
    """Numbers of landlords that are wrong, of before 1999, or those of organisations."""
    table = register.table
    for at, row in enumerate(rows_holding(register, LANDLORD, count=4 * register.each)):
        number = table.sent[LANDLORD][row]
        if at % 4 == 0:
            table.change(row, LANDLORD, ids.wrong_check(number))
            table.flag(row, "landlord_number_wrong", f"{LANDLORD}.check_digit")
        elif at % 4 == 1:
            table.change(row, LANDLORD, "91150102MA0N12345X")
            table.accept(row, "landlord_is_organisation")
        elif number[6:8] == "19":
            ids.FIFTEEN_DIGITS.strike(table, row, LANDLORD)


def _at_home(register: Register) -> None:
    for row in register.rows(also=at_home(register)):
        register.table.change(row, "residence_region", register.table.sent["household_region"][row])
        register.table.flag(row, "residence_at_home", "residence_away_from_household")


def _several_open(register: Register) -> None:
    """Finding: registered anew somewhere else, and the first registration was never cancelled."""
    table = register.table
    for at, row in enumerate(register.rows(max(register.each, 3))):
        again = table.copy_row(row)
        table.change(again, "registration_number", f"L{table.sent['registration_number'][row][1:7]}9{at:09}")
        table.change(again, "registered_on", f"2024-03-{at % 28 + 1:02}")
        for each in (row, again):
            _keep_open(table, each)
        table.accept(again, "registered_twice")


def _keep_open(table: Table, row: int) -> None:
    table.put(row, "residence_event", RESIDENCE_EVENT["登记"][0], "登记")
    table.put(row, "left_on", "", None)


def _stays(table: Table, row: int, at: int) -> None:
    _keep_open(table, row)


def _cancelled_without_day(register: Register) -> None:
    for row in register.rows():
        register.table.put(row, "residence_event", RESIDENCE_EVENT[LEFT][1], LEFT)
        register.table.put(row, "left_on", "", None)
        register.table.accept(row, "cancelled_without_day")


def _registered_late(register: Register) -> None:
    """Finding: the permit came before half a year of registration was over."""
    for row in register.rows(max(2 * register.each, 6)):
        register.table.change(row, "registered_on", "2026-03-20")
        register.table.put(row, "left_on", "", None)
        register.table.accept(row, "registered_late")


def _working_children(register: Register) -> None:
    """Finding: at work with fifteen."""
    table = register.table
    for row in register.rows(max(register.each, 3), born_before("2001-01-01")(register)):
        born = table.sent["id_number"][row][6:14]
        day = f"{int(born[:4]) + 15}-{born[4:6]}-{min(int(born[6:]), 28):02}"
        table.put(row, "residence_reason", "打工", "务工")
        for column in ("arrived_on", "registered_on"):
            table.change(row, column, day)
        table.put(row, "left_on", "", None)
        table.accept(row, "work_under_age")


def _dead(table: Table, row: int, died: int) -> None:
    """Registered after death, or going on since before it."""
    day = died + 60 if row % 2 else died - 900
    table.change(row, "registered_on", iso(day))
    table.change(row, "arrived_on", iso(day - 3))
    _keep_open(table, row)


PLAN = (
    Planting(_landlords),
    Planting(_own_landlord),
    of_the_dead(_dead, "residence_of_dead"),
    Planting(_working_children),
    another_name(at_home),
    variant_name(at_home),
    number_of_nobody(at_home),
    Planting(_at_home),
    Planting(_several_open),
    Planting(_cancelled_without_day),
    Planting(_registered_late),
    on("arrived_on", flagged("arrived_after_registration", dates.shifted(30)), rules=["registered_after_arrival"]),
    on("left_on", flagged("left_before_registration", "2001-01-01"), rules=["left_after_registration"]),
    on(
        "registered_on",
        flagged("event_before_birth", "1925-03-01"),
        rules=["registered_after_birth", "registered_after_arrival"],
    ),
    on("sex", codes.another_code("sex_mismatch", SEX), rules=["sex_matches_id"]),
    on("id_number", ids.FIFTEEN_DIGITS, among=both(born_before("2000-01-01"), at_home)),
    on("id_number", ids.WRONG_CHECK_DIGIT),
    on("id_number", nothing.required("无")),
    on("person_name", nothing.required("NULL")),
    on("person_name", names.NOT_LEGIBLE),
    on("registration_number", WITH_MARKS),
    on("residence_region", regions.LONG_CODE),
    on("residence_region", nothing.required("—")),
    on("residence_address", nothing.required("")),
    on("residence_address", addresses.STREET_LOST),
    on("household_region", regions.NEVER_ONE, among=at_home),
    on("residence_place", codes.other_label(RESIDENCE_PLACE, 1)),
    on("residence_place", codes.unlisted("桥下")),
    on("residence_reason", codes.unlisted("放牧")),
    on("residence_event", codes.unlisted("续期")),
    on("residence_event", nothing.required("/")),
    on("registered_on", dates.unreadable("2024-13-45")),
    on("registered_on", quarantined("registered_in_future", dates.FAR_FUTURE, checks=["not_future"], beside=_stays)),
    on("arrived_on", dates.YEAR_ONE_MEANS_NOTHING),
    on("left_on", dates.unreadable("不详")),
    on("phone", phones.ZEROS),
    on("workplace", nothing.NULL_TOKEN),
    repetition(),
    contradiction("intended_stay", "十年"),
    later_on(
        Later(updated("residence_address", "附1号")),
        Later(deleted),
        Later(deleted_by_key_alone("D")),
        Later(unknown_flag()),
    ),
)
SOURCE = Source(
    name="floating_population_registration",
    title="流动人口居住登记",
    about=About.PEOPLE,
    form=Format(".csv", "gb18030", line_end="\r\n"),
    records=records,
    drift=("居住登记编号", "身份证号", "居住地行政区划代码", "房主身份证号", "cd_operation", "cd_time"),
    reordered=True,
    plan=PLAN,
    held_against=residences_due,
)
