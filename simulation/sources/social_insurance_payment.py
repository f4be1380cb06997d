"""社会保险费征缴: tickets of the tax authority for what people and employers have paid, and tickets that take back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np

from simulation.among import both
from simulation.defects import codes, credit_codes, dates, nothing, regions
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
    shared_out,
    spelt_month,
    strangers,
)
from simulation.planting import Planting, accepted, flagged, on, quarantined
from simulation.source import About, Format, Source
from simulation.subjects import Register
from simulation.table import Table, parts
from simulation.vocabulary import LEVY_ITEM, LEVY_SUBITEM
from simulation.world.block import Insurance, World
from simulation.world.calendar import day_number, iso, moments
from simulation.world.places import CITIES

FEWEST = 420
RATES = {"120": (("单位", "0.16"), ("个人", "0.08")), "310": (("单位", "0.06"), ("个人", "0.02"))}
OF_OFFICIALS, MEDICAL_OF_RESIDENTS = "120", "390"
FLAT = "400.00"
NO_NUMBER, UNKNOWN = "无", "3150999999999999"
ON_TIME = by_row("late_fee", lambda fee: not fee)
EMPLOYED, RESIDENTS = by_row("base", bool), by_row("levy_subitem", "居民".__eq__)
Employer = tuple[str, str]
NO_EMPLOYER = ("", "")


@dataclass(frozen=True)
class Ticket:
    """What a ticket says of itself; `corrects` is the number of the one that it takes back."""

    person: Person
    item: str
    subitem: str
    first: str
    last: str
    base: str
    rate: str
    amount: str
    paid_on: int
    employer: Employer = NO_EMPLOYER
    corrects: str = NO_NUMBER


def _of_employee(person: Person, item: str, base: str, employer: Employer, paid_on: int) -> list[Ticket]:
    """The shares of employer and employee for the month before."""
    month = month_of(paid_on - 31)
    return [
        Ticket(person, item, share, month, month, base, rate, f"{Decimal(base) * Decimal(rate):.2f}", paid_on, employer)
        for share, rate in RATES["310" if item == "310" else "120"]
    ]


def _of_resident(person: Person, item: str, paid_on: int) -> Ticket:
    """The year ahead."""
    year = int(iso(paid_on)[:4]) + 1
    return Ticket(person, item, "居民", f"{year}01", f"{year}12", "", "", FLAT, paid_on)


def _of_insurance(person: Person, insurance: Insurance, paid_on: int) -> list[Ticket]:
    if insurance.kind in ("170", "390"):
        return [_of_resident(person, insurance.kind, paid_on)]
    return _of_employee(person, insurance.kind, insurance.base, insurance.employer, paid_on)


def _ordinary(rng: np.random.Generator, world: World) -> list[Ticket]:
    """Of people from elsewhere by their employers here, and of children by their parents."""
    count = max(world.total // 80, FEWEST // 4)
    employers = _employers(world, "1")
    days = (day_number("2025-12-01") + rng.integers(0, 110, count)).tolist()
    tickets: list[Ticket] = []
    for at, (stranger, day) in enumerate(zip(strangers(rng, count, 0), days, strict=True)):
        base = f"{4000 + at % 50 * 100}.00"
        tickets += _of_employee(stranger, OF_OFFICIALS, base, employers[at % len(employers)], day)
    children = minors(world)
    for at, day in enumerate(days[: count * 3 // 4]):
        child = person(world, children[at % len(children)])
        earlier = day - 400 * (at // len(children))
        born = int(world.people.born[children[at % len(children)]])
        tickets.append(_of_resident(child, MEDICAL_OF_RESIDENTS, max(earlier, born + 20)))
    return tickets


def _employers(world: World, state: str) -> list[Employer]:
    entities = world.organisations
    plain = (at for at in sorted(world.plain_organisations) if entities.state[at] == state)
    return [(entities.credit_code[at], entities.name[at]) for at in plain]


def _special(world: World) -> list[Ticket]:
    """What contradicts: people who died, whose insurance ended, of whom too little was paid, who are too young."""
    tickets: list[Ticket] = []
    ended = [at for at in dead(world) if any(i.state == "3" for i in world.insurances.get(at, ()))]
    after_death, after_end = shared_out(ended, 2)
    for at in after_death:
        paid_on = int(world.people.died[at]) + 130
        tickets += _of_employee(person(world, at), OF_OFFICIALS, "6000.00", NO_EMPLOYER, paid_on)
    for at in after_end:
        kind = next(i.kind for i in world.insurances[at] if i.state == "3")
        died = int(world.people.died[at])
        month = month_of(died - 62)
        tickets.append(
            Ticket(person(world, at), kind, "灵活就业", month, month, "5000.00", "0.2", "1000.00", died + 28)
        )
    tickets += _of_insured(world)
    born = world.people.born
    for at in [at for at in minors(world) if born[at] < day_number("2025-01-01")][:SPECIAL]:
        tickets += _of_employee(person(world, at), OF_OFFICIALS, "4000.00", NO_EMPLOYER, day_number("2026-03-10"))
    cancelled = _employers(world, "3")[:SPECIAL]
    for at, employer in enumerate(cancelled):
        somebody = person(world, adults(world)[at % len(adults(world))])
        tickets += _of_employee(somebody, OF_OFFICIALS, "5000.00", employer, day_number("2026-03-15") + at)
    return tickets


def _of_insured(world: World) -> list[Ticket]:
    """Insured twice and paid for once; paid by another base; and some of whom all is in order."""
    paying = {at: [i for i in world.insurances.get(at, ()) if i.state == "1"] for at in adults(world)}
    twice = [at for at, insurances in paying.items() if len(insurances) > 1]
    half_paid, otherwise, in_order = shared_out(twice, 3)
    tickets: list[Ticket] = []
    for at in half_paid:
        tickets += _of_insurance(person(world, at), paying[at][0], day_number("2026-01-20"))
    for at in otherwise:
        for insurance in paying[at]:
            wrong = replace(insurance, base="3333.00")
            employee = _of_employee(person(world, at), wrong.kind, wrong.base, wrong.employer, day_number("2026-02-20"))
            tickets += employee
    for at in in_order:
        for insurance in paying[at]:
            tickets += _of_insurance(person(world, at), insurance, day_number("2026-02-21"))
    return tickets


def _taken_back(tickets: list[Ticket], numbers: list[str]) -> list[Ticket]:
    """Tickets that take back another one, or half of it, and such that take back what nobody has delivered."""
    found = []
    for at, (ticket, number) in enumerate(zip(tickets, numbers, strict=True)):
        share = 1 if at % 2 else 2
        base = ticket.base and f"{Decimal(ticket.base) / share:.2f}"
        amount = f"-{Decimal(ticket.amount) / share:.2f}"
        corrected = number if at < 2 * SPECIAL else f"{UNKNOWN}{at}"
        found.append(replace(ticket, base=base, amount=amount, corrects=corrected))
    return found


def records(rng: np.random.Generator, world: World) -> tuple[Table]:
    """Ordinary tickets; behind them what contradicts other registers, and corrections, in which nothing is planted."""
    ordinary = _ordinary(rng, world)
    tickets = [*ordinary, *_special(world)]
    number = [f"3150{26_000_000_000 + at * 7:012}" for at in range(len(tickets) + 3 * SPECIAL)]
    tickets += _taken_back(tickets[: 3 * SPECIAL], number[: 3 * SPECIAL])
    count = len(tickets)
    late = [at % 5 == 0 for at in range(count)]
    fees = [
        f"{Decimal(ticket.amount) * 10 * Decimal('0.0005'):.2f}" if is_late else ""
        for ticket, is_late in zip(tickets, late, strict=True)
    ]
    about, about_due = columns_of([ticket.person for ticket in tickets])
    regions_of = [ticket.person.region for ticket in tickets]
    sent = about | {
        "ticket_number": number,
        "payer_number": [t.employer[0] or t.person.id_number for t in tickets],
        "employer_code": [t.employer[0] for t in tickets],
        "employer_name": [t.employer[1] for t in tickets],
        "levy_item": [LEVY_ITEM[t.item][at % 3 // 2] for at, t in enumerate(tickets)],
        "levy_subitem": [LEVY_SUBITEM[t.subitem][at % 2] for at, t in enumerate(tickets)],
        "period_from": [spelt_month(t.first, at) for at, t in enumerate(tickets)],
        "period_to": [spelt_month(t.last, at + 1) for at, t in enumerate(tickets)],
        "base": [t.base for t in tickets],
        "rate": [_spelt_rate(t.rate, at) for at, t in enumerate(tickets)],
        "amount_due": [t.amount for t in tickets],
        "amount_paid": [t.amount for t in tickets],
        "late_fee": fees,
        "due_on": [iso(t.paid_on - (10 if is_late else -5)) for t, is_late in zip(tickets, late, strict=True)],
        "paid_on": [iso(t.paid_on) for t in tickets],
        "corrects_ticket": ["" if t.corrects == NO_NUMBER else t.corrects for t in tickets],
        "tax_office": [CITIES[code[:4] + "00"] + "税务局" for code in regions_of],
        "insured_region": regions_of,
        "updated_at": moments(rng, count),
        "operation": [["", "I"][at % 2] for at in range(count)],
    }
    due = about_due | {
        "levy_item": [t.item for t in tickets],
        "levy_subitem": [t.subitem for t in tickets],
        "period_from": [t.first for t in tickets],
        "period_to": [t.last for t in tickets],
        "rate": [t.rate and f"{Decimal(t.rate):.6f}" for t in tickets],
        "corrects_ticket": [t.corrects for t in tickets],
    }
    meant: dict[str, list[Any]] = {
        "kept": [at >= len(ordinary) or at < 3 * SPECIAL for at in range(count)],
        "is_known": [ticket.person.is_known for ticket in tickets],
    }
    return (Table("social_insurance_payment", sent, due, parts(count), meant=meant),)


def _spelt_rate(rate: str, at: int) -> str:
    """A fraction, hundredths, or hundredths with their sign."""
    hundredths = f"{Decimal(rate or 0) * 100:.0f}"
    return rate and (rate, hundredths, f"{hundredths}%")[at % 3]


def _period_reversed(register: Register) -> None:
    table = register.table
    for row in register.rows(also=EMPLOYED(register)):
        table.put(row, "period_to", "202001", "202001")
        table.quarantine(row, "period_reversed", "period_in_order")


def _paid_before_period(register: Register) -> None:
    """An employer's ticket for a month that lies ahead; a resident's is no defect."""
    table = register.table
    for row in register.rows(also=EMPLOYED(register)):
        table.put(row, "period_to", "202712", "202712")
        table.flag(row, "paid_before_period", "paid_after_period")


def _not_by_rate(register: Register) -> None:
    table = register.table
    for at, row in enumerate(register.rows(2 * register.each, EMPLOYED(register))):
        amount = Decimal(table.sent["amount_due"][row])
        if at % 2:
            table.change(row, "amount_due", f"{amount + Decimal('0.90'):.2f}")
            table.change(row, "late_fee", "")
            table.accept(row, "due_within_tolerance")
        else:
            table.change(row, "amount_due", f"{amount + 2:.2f}")
            table.change(row, "late_fee", "")
            table.flag(row, "due_not_base_by_rate", "due_is_base_by_rate")


def _fee_too_high(register: Register) -> None:
    table = register.table
    for at, row in enumerate(register.rows(2 * register.each)):
        paid_on = table.sent["paid_on"][row]
        table.change(row, "due_on", dates.day_before(paid_on, 100 if at % 2 else -20))
        fee = Decimal(table.sent["amount_due"][row]) * Decimal("0.05") if at % 2 else Decimal(0)
        table.change(row, "late_fee", f"{fee + 5:.2f}")
        table.flag(row, "late_fee_not_by_day", "late_fee_by_day")


def _without_number(register: Register) -> None:
    """A negative ticket that names none."""
    table = register.table
    for row in register.rows():
        for column in ("amount_due", "amount_paid"):
            table.change(row, column, f"-{table.sent[column][row]}")
        table.change(row, "late_fee", "")
        table.flag(row, "correction_without_number", "correction_names_original")


PLAN = (
    *planted_in_all(("tax_office", "另一税务局"), "tax_office"),
    on("ticket_number", nothing.required("无")),
    on("employer_code", credit_codes.LOWER_CASE, among=by_row("employer_code", bool)),
    on("employer_code", credit_codes.WRONG_CHECK_DIGIT, among=by_row("employer_code", bool)),
    on("levy_item", codes.unlisted_critical("大额医疗补助")),
    on("levy_item", codes.other_label(LEVY_ITEM, 1, code_itself=True)),
    on("levy_subitem", codes.unlisted("财政补贴")),
    on("period_from", quarantined("month_unreadable", "2019-13", "13月", checks=["form"])),
    on("period_from", nothing.required("—")),
    on(
        "period_from",
        accepted("month_spelling", lambda month: f"{month[:4]}.{month[4:]}", lambda month: f" {month}.0 ", of_due=True),
        every=True,
    ),
    Planting(_period_reversed),
    Planting(_paid_before_period),
    Planting(_not_by_rate),
    Planting(_fee_too_high),
    Planting(_without_number),
    on("base", flagged("amount_unreadable", "若干", checks=["form"], due=None)),
    on("rate", flagged("rate_unreadable", "按规定", "-8%", checks=["form"], due=None), among=EMPLOYED, every=True),
    on("amount_due", accepted("amount_thousands", lambda a: f"{Decimal(a):,.2f}", of_due=True)),
    on("due_on", dates.SENTINEL, every=True, among=ON_TIME),
    on("due_on", dates.unreadable("月底")),
    on("paid_on", dates.before_birth("paid_before_birth"), among=both(RESIDENTS, ON_TIME), rules=["paid_after_birth"]),
    on("paid_on", dates.ANY_SPELLING, every=True),
    on("paid_on", dates.in_future(), among=ON_TIME),
    on("insured_region", regions.NEVER_ONE),
    on("updated_at", dates.MOMENT_UNREADABLE),
)
SOURCE = Source(
    name="social_insurance_payment",
    title="社保费征缴",
    about=About.ANYONE,
    form=Format(".csv", "gb18030"),
    records=records,
    drift=("电子税票号码", "身份证号", "AAE140", "AAE003", "dsc_biz_operation", "dsc_biz_timestamp"),
    plan=PLAN,
)
