"""最低生活保障: one row for each member of a household and month in which it was supported."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from simulation.defects import codes, dates, nothing, phones
from simulation.defects.amounts import NEGATIVE, THOUSANDS, UNREADABLE
from simulation.livelihood import (
    SPECIAL,
    Person,
    adults,
    by_row,
    columns_of,
    dead,
    minors,
    month_of,
    person,
    planted_in_all,
    spelt_month,
    strangers,
)
from simulation.planting import Planting, Written, accepted, flagged, on, quarantined
from simulation.source import About, Format, Source
from simulation.sources.allowance_standard import COUNTRY, TOWN, standard
from simulation.subjects import Register
from simulation.table import Table, parts
from simulation.vocabulary import ALLOWANCE_STATE, ALLOWANCE_TYPE, HOUSEHOLD_RELATION, POVERTY_CAUSE
from simulation.world.block import World
from simulation.world.calendar import day_number, moments
from simulation.world.drawing import mobile_numbers, street_addresses
from simulation.world.places import counties

FEWEST = 16
MONTHS = ("202511", "202512", "202601", "202602", "202603")
ENJOYED, STOPPED, ENDED = "享受", "停发", "注销"
BEGUN, APPLIED = "202401", "2023-11-20"


@dataclass(frozen=True)
class Paid:
    """A member of a household in a month."""

    certificate: str
    applicant: Person
    member: Person
    relation: str
    region: str
    kind: str
    month: str
    members: int
    state: str = ENJOYED
    begun: str = BEGUN

    @property
    def amount(self) -> int:
        """A good deal less than may be paid."""
        return self.members * (standard(self.region, self.kind, self.month) - 200)


def _household(number: int, members: list[Person], region: str, months: tuple[str, ...]) -> list[Paid]:
    """Of four one was not paid in the third month, one not in the last, and one was paid as one member less."""
    rows = []
    kind = (TOWN, COUNTRY)[number % 2]
    for at, member in enumerate(members):
        relation = "户主" if at == len(members) - 1 else "子女"
        for place, month in enumerate(months):
            row = Paid(f"DB15{number:07}", members[-1], member, relation, region, kind, month, len(members))
            match number % 4, place:
                case 1, 2:
                    continue
                case 2, 4:
                    rows.append(replace(row, state=(STOPPED, ENDED)[number % 8 // 4]))
                case 3, 3 | 4:
                    rows.append(replace(row, members=max(len(members) - 1, 1)))
                case _:
                    rows.append(row)
    return rows


def _ordinary(world: World) -> list[Paid]:
    """Households of a grown-up and two children, as long as there are both; then of two children by themselves."""
    born = world.people.born
    children = [at for at in minors(world) if born[at] < day_number("2025-10-01")][2 * SPECIAL :]
    heads = [at for at in adults(world) if world.people.id_number[at] not in world.market_heads][SPECIAL:]
    count = min(max(world.total // 80, FEWEST), len(children) // 2)
    rows: list[Paid] = []
    for number in range(count):
        of_household = [*children[2 * number : 2 * number + 2], *heads[number : number + 1]]
        people = [person(world, at) for at in of_household]
        rows += _household(number, people, people[0].region, MONTHS)
    return rows


def _special(rng: np.random.Generator, world: World) -> list[Paid]:
    """Paid to the dead, to the unborn, twice, to heads of enterprises, and to such as are registered nowhere here."""
    homes, rows = list(counties()), list[Paid]()

    def pay(number: int, member: Person, region: str, *months: str) -> None:
        head = Paid(f"DB15{9_000_000 + number}", member, member, "户主", region, TOWN, "", 1, begun=months[0])
        rows.extend(replace(head, month=month) for month in months)

    for at, place in enumerate(dead(world)[:SPECIAL]):
        died, member = int(world.people.died[place]), person(world, place)
        pay(at, member, member.region, month_of(died), month_of(died + 40))
    children = minors(world)
    for at, place in enumerate(children[:SPECIAL]):
        member = person(world, place)
        pay(100 + at, member, member.region, MONTHS[0])
        pay(200 + at, member, homes[homes.index(member.region) - 1], MONTHS[0])
    for at, place in enumerate(children[SPECIAL : 2 * SPECIAL]):
        member = person(world, place)
        pay(300 + at, member, member.region, month_of(int(world.people.born[place]) - 40), MONTHS[1])
    heads = [at for at in adults(world) if world.people.id_number[at] in world.market_heads]
    for at, place in enumerate(heads[:SPECIAL]):
        pay(400 + at, person(world, place), world.people.region[place], *MONTHS[:2])
    # Of these, other sources have accounts of housing funds and dwellings.
    for at, place in enumerate(adults(world)[:SPECIAL]):
        pay(600 + at, person(world, place), world.people.region[place], *MONTHS[2:4])
    for at, stranger in enumerate(strangers(rng, SPECIAL, 1)):
        pay(500 + at, stranger, stranger.region, *MONTHS[:2])
    return rows


def records(rng: np.random.Generator, world: World) -> tuple[Table]:
    """Half a year of payments; behind the ordinary ones those that contradict other registers."""
    ordinary = _ordinary(world)
    rows = [*ordinary, *_special(rng, world)]
    count = len(rows)
    about, about_due = columns_of([row.member for row in rows])
    stopped = [row.state != ENJOYED for row in rows]
    sent = {
        "village": [f"{row.region}{100 + at % 7:03}{200 + at % 90:03}" for at, row in enumerate(rows)],
        "paid_in": [spelt_month(row.month, at) for at, row in enumerate(rows)],
        "applicant_name": [row.applicant.name for row in rows],
        "applicant_id": [row.applicant.id_number for row in rows],
        "applied_on": [APPLIED if _is_grown_up(row.applicant) else "" for row in rows],
        "allowance_type": [ALLOWANCE_TYPE[row.kind][at % 2] for at, row in enumerate(rows)],
        "poverty_cause": [POVERTY_CAUSE[str(code)][0] for code in _causes(count)],
        "household_size": [str(row.members + 1) for row in rows],
        "covered_members": [str(row.members) for row in rows],
        "household_income": [f"{300 + at % 9 * 50}.00" for at in range(count)],
        "phone": mobile_numbers(rng, count),
        "residence_address": street_addresses(rng, [row.region for row in rows]),
        "started_in": [row.begun for row in rows],
        "ended_in": [row.month if gone else "" for row, gone in zip(rows, stopped, strict=True)],
        "certificate_number": [row.certificate for row in rows],
        "member_name": about["person_name"],
        "member_id": about["id_number"],
        "household_relation": [HOUSEHOLD_RELATION[row.relation][at % 2] for at, row in enumerate(rows)],
        "household_amount": [f"{row.amount}.00" for row in rows],
        "extra_amount": ["80.00" if at % 6 == 0 else "" for at in range(count)],
        "bank": ["内蒙古农村信用社"] * count,
        "account": [f"6229{76_000_000_000_000 + at * 31:014}" for at in range(count)],
        "state": [ALLOWANCE_STATE[row.state][at % 2] for at, row in enumerate(rows)],
        "stop_reason": ["收入超过标准" if gone else "" for gone in stopped],
        "updated_at": moments(rng, count),
        "operation": [""] * count,
    }
    due = about_due | {
        "allowance_region": [row.region for row in rows],
        "paid_in": [row.month for row in rows],
        "allowance_type": [row.kind for row in rows],
        "poverty_cause": list(_causes(count)),
        "household_relation": [row.relation for row in rows],
        "state": [row.state for row in rows],
    }
    meant: dict[str, list[Any]] = {
        "kept": [at >= len(ordinary) for at in range(count)],
        "is_known": [row.member.is_known for row in rows],
        "row": rows,
    }
    return (Table("minimum_living_allowance", sent, due, parts(count), meant=meant),)


def _is_grown_up(applicant: Person) -> bool:
    return applicant.id_number[6:14] < "2005"


def _causes(count: int) -> list[str | None]:
    causes = list(POVERTY_CAUSE)
    return [causes[at % len(causes)] for at in range(count)]


def _above_standard(register: Register) -> None:
    """A little more than may be paid, and exactly as much."""
    table = register.table
    for at, row in enumerate(register.rows(2 * register.each, GOES_ON(register))):
        paid = table.meant["row"][row]
        most = paid.members * standard(paid.region, paid.kind, paid.month)
        table.change(row, "household_amount", f"{most + at % 2}.00")
        table.accept(row, "allowance_above_standard" if at % 2 else "allowance_at_standard")


def _of_year(register: Register) -> None:
    table = register.table
    for row in register.rows(also=GOES_ON(register)):
        paid = table.meant["row"][row]
        table.change(row, "household_amount", f"{12 * paid.amount}.00")
        table.accept(row, "allowance_of_year")


def _more_than_household(register: Register) -> None:
    table = register.table
    for row in register.rows():
        table.change(row, "household_size", "1")
        table.change(row, "covered_members", "2")
        table.flag(row, "covered_more_than_household", "covered_within_household")


def _ended_before_begun(register: Register) -> None:
    table = register.table
    for row in register.rows(also=GOES_ON(register)):
        table.put(row, "ended_in", "2023年5月", "202305")
        table.flag(row, "allowance_ended_before_begun", "period_in_order", "paid_before_end")


def _paid_after_end(register: Register) -> None:
    table = register.table
    for row in register.rows(also=GOES_ON(register)):
        table.put(row, "ended_in", "2024-06", "202406")
        table.flag(row, "allowance_paid_after_end", "paid_before_end")


GOES_ON = by_row("state", ENJOYED.__eq__)
BEGUN_LATER = flagged("paid_before_begun", Written("2026-05", "202605"))
PLAN = (
    *planted_in_all(("bank", "另一银行"), "residence_address", number="member_id", name="member_name"),
    Planting(_above_standard),
    Planting(_of_year),
    Planting(_more_than_household),
    Planting(_ended_before_begun),
    Planting(_paid_after_end),
    on("started_in", BEGUN_LATER, among=GOES_ON, rules=["paid_after_start"]),
    on("stop_reason", flagged("reason_without_stop", "收入超过标准"), among=GOES_ON, rules=["reason_of_stop"]),
    on("applied_on", dates.before_birth(), rules=["applied_after_birth"]),
    on("applied_on", dates.in_future()),
    on("village", flagged("village_form", lambda code: code[:9], checks=["form"])),
    on("paid_in", quarantined("month_unreadable", "3月", checks=["form"]), among=GOES_ON),
    on("certificate_number", nothing.required("无")),
    on("allowance_type", codes.unlisted("临时救助")),
    on("state", codes.unlisted("核查中"), among=GOES_ON),
    on("state", codes.other_label(ALLOWANCE_STATE, 0, code_itself=True)),
    on("poverty_cause", codes.unlisted("懒")),
    on("household_relation", codes.other_label(HOUSEHOLD_RELATION, 0, code_itself=True)),
    on("household_income", UNREADABLE),
    on("household_income", NEGATIVE),
    on("extra_amount", THOUSANDS, every=True),
    on("account", accepted("account_spaced", lambda account: f" {account[:4]} {account[4:]}", of_due=True)),
    on("phone", phones.TOO_SHORT),
    on("updated_at", dates.MOMENT_UNREADABLE),
)
SOURCE = Source(
    name="minimum_living_allowance",
    title="低保发放",
    about=About.ANYONE,
    form=Format(".xlsx"),
    records=records,
    drift=("区划代码", "发放月份", "成员证件号码", "低保证号", "dsc_biz_operation", "dsc_biz_timestamp"),
    plan=PLAN,
)
