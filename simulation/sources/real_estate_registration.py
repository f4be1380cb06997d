"""不动产登记: rights in dwellings, each holder of a registration a row, or several in one cell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np

from simulation.defects import amounts, codes, dates, nothing, regions
from simulation.livelihood import (
    SPECIAL,
    Person,
    adults,
    by_row,
    dead,
    minors,
    person,
    planted_in_all,
    strangers,
)
from simulation.planting import Planting, Written, accepted, flagged, on
from simulation.source import About, Format, Source
from simulation.subjects import Register
from simulation.table import LATER, Table, parts
from simulation.truth.golden import name_key
from simulation.vocabulary import CO_OWNERSHIP, LAND_REGISTRATION, RIGHT_STATE, RIGHT_TYPE
from simulation.world.block import World
from simulation.world.calendar import SINCE, moments
from simulation.world.drawing import street_addresses
from simulation.world.people import Mask
from simulation.world.places import counties

FEWEST = 120
HOUSE, MORTGAGE = "4", "23"
SOLE, JOINT, BY_SHARES = "0", "1", "2"
CURRENT, PAST = "1", "2"
FIRST, TRANSFER = "100", "200"
LATELY = "2026-06-15"  # whoever lives is born
HALVES = ("1/2", "50%", "0.5")
THIRDS = ("1/3", "1/3", "33.3333%")


@dataclass(frozen=True)
class Right:
    """A right of somebody, or of several in one cell, by one registration; `unit` numbers the house."""

    holders: tuple[Person, ...]
    business: int
    unit: int
    region: str
    co_ownership: str = SOLE
    share: str = ""
    registered_on: str = "2020-05-06"
    state: str = CURRENT
    kind: str = TRANSFER
    right: str = HOUSE
    use: str = "住宅"


def _ordinary(rng: np.random.Generator, world: World) -> list[Right]:
    """Of six houses one is a couple's, one held by shares in two rows, one by three in one cell, one was sold."""
    houses = max(world.total // 100, FEWEST)
    some = strangers(rng, 3 * houses, 4)
    rights: list[Right] = []
    for at in range(houses):
        first, second, third = some[3 * at : 3 * at + 3]
        right = Right((first,), 2 * at, at, first.region)
        match at % 6:
            case 1:
                both = replace(right, co_ownership=JOINT)
                rights += [both, replace(both, holders=(second,))]
            case 2:
                half = replace(right, co_ownership=BY_SHARES, share=HALVES[at // 6 % 3])
                rights += [half, replace(half, holders=(second,), share=HALVES[at // 6 % 2])]
            case 3:
                rights.append(
                    replace(right, holders=(first, second, third), co_ownership=BY_SHARES, share="、".join(THIRDS))
                )
            case 4:
                rights.append(replace(right, state=PAST, kind=FIRST, registered_on="2017-03-01"))
                rights.append(replace(right, holders=(second,), business=2 * at + 1, registered_on="2023-09-11"))
            case _:
                rights.append(right)
    for at in minors(world)[2 * SPECIAL : 7 * SPECIAL]:
        child = person(world, at)
        rights.append(Right((child,), 800_000 + at, 800_000 + at, child.region, registered_on=LATELY))
    return rights


def _special(rng: np.random.Generator, world: World) -> list[Right]:
    """What contradicts: of the dead; two dwellings, or one and a garage, of those on an allowance; odd shares."""
    business, rights = 900_000, list[Right]()

    def hold(holder: Person, **values: Any) -> None:
        number = business + len(rights)
        right = Right((holder,), number, number, holder.region)
        rights.append(replace(right, **values))

    for at in dead(world)[:SPECIAL]:
        hold(person(world, at))
        hold(person(world, at), state=PAST)
    for at in adults(world)[:SPECIAL]:
        hold(person(world, at))
        hold(person(world, at))
    for at in minors(world)[:SPECIAL]:
        hold(person(world, at), use="车库", registered_on=LATELY)
        hold(person(world, at), registered_on=LATELY)
    for number, stranger in enumerate(strangers(rng, 2 * SPECIAL, 5)):
        hold(stranger, co_ownership=BY_SHARES, share=("2/3", "40%")[number % 2], registered_on=LATELY)
        if number >= SPECIAL:
            other = replace(
                rights[-1], holders=(person(world, minors(world)[number]),), share=("1/2", "0.3")[number % 2]
            )
            rights.append(other)
    return rights


def unit_number(region: str, house: int) -> str:
    return f"{region}001{100 + house % 800:03}GB{house % 100_000:05}F{house // 100 % 10_000:04}{house % 100:04}"


def records(rng: np.random.Generator, world: World) -> tuple[Table]:
    """Ordinary rights, and behind them those that contradict something, in which nothing is planted."""
    ordinary = _ordinary(rng, world)
    rights = [*ordinary, *_special(rng, world)]
    count = len(rights)
    names = ["、".join(holder.name for holder in right.holders) for right in rights]
    places = counties()
    own, shared = [80 + at % 60 for at in range(count)], [8 + at % 9 for at in range(count)]
    units = [unit_number(right.region, right.unit) for right in rights]
    sent = {
        "business_number": [f"YW{right.business:010}" for right in rights],
        "unit_number": [_spelt_unit(unit, at) for at, unit in enumerate(units)],
        "certificate": [
            f"蒙（{right.registered_on[:4]}）{places[right.region]}不动产权第{at:07}号"
            for at, right in enumerate(rights)
        ],
        "right_type": [RIGHT_TYPE[right.right][at % 2] for at, right in enumerate(rights)],
        "registration_type": [LAND_REGISTRATION[right.kind][at % 2] for at, right in enumerate(rights)],
        "registration_reason": ["买卖"] * count,
        "location": street_addresses(rng, [right.region for right in rights]),
        "planned_use": [right.use for right in rights],
        "building_nature": ["市场化商品房"] * count,
        "building_structure": ["钢筋混凝土结构"] * count,
        "floor": [str(1 + at % 18) for at in range(count)],
        "floors": ["18"] * count,
        "building_area": [f"{a + b}.50" for a, b in zip(own, shared, strict=True)],
        "own_area": [f"{a}.30" for a in own],
        "shared_area": [f"{b}.20" for b in shared],
        "own_land_area": [""] * count,
        "shared_land_area": [f"{b}.00" for b in shared],
        "used_from": ["2010-01-01"] * count,
        "used_to": ["2080-01-01"] * count,
        "price": [f"{40 + at % 50}.5" for at in range(count)],
        "holder_name": names,
        "document_type": [("居民身份证", "身份证")[at % 2] for at in range(count)],
        "document": ["、".join(holder.id_number for holder in right.holders) for right in rights],
        "co_ownership": [CO_OWNERSHIP[right.co_ownership][at % 2] for at, right in enumerate(rights)],
        "share": [right.share for right in rights],
        "registered_region": [right.region for right in rights],
        "registrar": [places[right.region] + "不动产登记中心" for right in rights],
        "registering_officer": ["王登簿"] * count,
        "registered_on": [right.registered_on for right in rights],
        "right_state": [RIGHT_STATE[right.state][0] if at % 2 else right.state for at, right in enumerate(rights)],
        "remark": [""] * count,
        "updated_at": moments(rng, count),
    }
    due: dict[str, list[str | None]] = {
        "name_key": [name_key(name) for name in names],
        "unit_number": list(units),
        "certificate": [number.replace("（", "(").replace("）", ")") for number in sent["certificate"]],
        "right_type": [right.right for right in rights],
        "registration_type": [right.kind for right in rights],
        "building_structure": ["钢混"] * count,
        "price": [f"{40 + at % 50}5000.00" for at in range(count)],
        "document_type": ["身份证"] * count,
        "co_ownership": [right.co_ownership for right in rights],
        "right_state": [right.state for right in rights],
    }
    meant: dict[str, list[Any]] = {
        "kept": [at >= len(ordinary) for at in range(count)],
        "is_known": [all(holder.is_known for holder in right.holders) for right in rights],
        "holders": [len(right.holders) for right in rights],
    }
    return (Table("real_estate_registration", sent, due, parts(count), meant=meant),)


def _spelt_unit(unit: str, at: int) -> str:
    """Some files divide its parts by blanks."""
    return f"{unit[:6]} {unit[6:12]} {unit[12:19]} {unit[19:]}" if at % 4 == 0 else unit


def _lone(register: Register) -> Mask:
    """Rows with one holder."""
    return np.array(register.table.meant["holders"][: register.subjects]) == 1


def _several(register: Register) -> Mask:
    return ~_lone(register)


def _area_wrong(register: Register) -> None:
    """Two hundredths are rounding, three are not."""
    table = register.table
    for at, row in enumerate(register.rows(2 * register.each)):
        area = Decimal(table.sent["building_area"][row])
        table.change(row, "building_area", f"{area + (Decimal('0.03') if at % 2 else Decimal('0.02')):.2f}")
        if at % 2:
            table.flag(row, "area_not_sum", "area_is_sum")
        else:
            table.accept(row, "area_rounded")


def _unit_elsewhere(register: Register) -> None:
    table = register.table
    for row in register.rows():
        unit = table.column("unit_number")[row]
        region = "152921" if str(unit)[:6] != "152921" else "152922"
        table.change(row, "unit_number", region + str(unit)[6:])
        table.flag(row, "unit_in_another_region", "unit_in_region")


def _names_too_few(register: Register) -> None:
    table = register.table
    for row in register.rows(also=_several(register)):
        name = table.sent["holder_name"][row].split("、")[0] + "等"
        table.change(row, "holder_name", name)
        table.due["name_key"][row] = name_key(name)
        table.flag(row, "holders_not_listed_alike", "holders_listed_alike")


def _share_missing(register: Register) -> None:
    table = register.table
    for row in register.rows(also=_lone(register) & SHARED(register)):
        table.change(row, "share", "")
        table.flag(row, "share_missing", "share_of_each")


def _sold_since(register: Register) -> None:
    """Delivered again as a right of the past, which goes on being known."""
    table = register.table
    rows = register.rows(also=_lone(register))
    for row, moment in zip(rows, register.moments(len(rows), SINCE), strict=True):
        copy = table.copy_row(row)
        table.part[copy] = LATER
        table.change(copy, table.version, moment)
        table.put(copy, "right_state", RIGHT_STATE[PAST][0], PAST)
        table.accept(copy, "right_of_the_past")


WITHOUT_BLANKS = accepted("unit_full_width", lambda unit: unit[:19] + "　" + unit[19:], of_due=True)
OLD_CERTIFICATE = accepted(
    "old_certificate",
    Written("呼房权证新城区字第2009012345号", "呼房权证新城区字第2009012345号"),
    Written("013579", "013579"),
    Written("", None),
)
NO_CERTIFICATE = Written("蒙（2009）新城区不动产权第1号", "蒙(2009)新城区不动产权第1号")
SHARED = by_row("co_ownership", BY_SHARES.__eq__)
MASKED = flagged("name_masked", lambda name: name[0] + "*", lambda name: name[0] + "＊＊", checks=["masked"])
PLAN = (
    *planted_in_all(
        ("registrar", "另一登记中心"),
        "location",
        number="document",
        name="holder_name",
        among=_lone,
        masked=MASKED,
        deletes=False,
    ),
    Planting(_sold_since),
    Planting(_area_wrong),
    Planting(_unit_elsewhere),
    Planting(_names_too_few),
    Planting(_share_missing),
    on("share", flagged("share_unreadable", "一半"), among=SHARED, rules=["share_readable"]),
    on("unit_number", WITHOUT_BLANKS),
    on("unit_number", flagged("unit_form", lambda unit: unit[:27], checks=["form"], of_due=True)),
    on(
        "unit_number",
        flagged("unit_of_nothing_with_number", lambda unit: f"{unit[:19]}W00000001", checks=["form"], of_due=True),
    ),
    on("unit_number", nothing.required("无")),
    on("business_number", nothing.required("—")),
    on("certificate", OLD_CERTIFICATE, every=True),
    on("certificate", flagged("certificate_form", NO_CERTIFICATE, checks=["form"])),
    on("document", flagged("passport_as_identity_card", "E12345678"), among=_lone, rules=["document_fits_type"]),
    on("right_type", codes.unlisted_critical("居住权人")),
    on("right_type", codes.other_label(RIGHT_TYPE, 1, code_itself=True)),
    on("right_state", codes.unlisted_critical("不详")),
    on("registration_type", codes.unlisted("异动登记")),
    on("co_ownership", codes.unlisted("不详"), among=by_row("share", lambda share: not share)),
    on("planned_use", codes.unlisted("其它的")),
    on("used_to", dates.before_birth("use_reversed", "2009-12-31"), rules=["use_in_order"]),
    on("used_to", dates.NO_END_IN_WORDS),
    on("price", flagged("price_in_yuan", Written("850000", "8500000000.00")), rules=["price_in_wan"]),
    on("price", amounts.UNREADABLE),
    on("building_area", flagged("area_unreadable", "约90", checks=["form"], due=None)),
    on("registered_on", dates.before_birth(), among=_lone, rules=["registered_after_birth"]),
    on("registered_on", dates.in_future()),
    on("registered_on", dates.WITH_SLASHES),
    on("registered_region", regions.NEVER_ONE, rules=["unit_in_region"]),
    on("updated_at", dates.MOMENT_UNREADABLE),
)
SOURCE = Source(
    name="real_estate_registration",
    title="不动产登记",
    about=About.ANYONE,
    form=Format(".csv", "utf-8"),
    records=records,
    drift=("BDCDYH", "BDCQZH", "QLRMC", "证件号码", "交易价格(万)", "dsc_biz_timestamp"),
    plan=PLAN,
)
