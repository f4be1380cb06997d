"""住房公积金: accounts of the cities' centres, open, sealed and closed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np

from simulation.defects import amounts, codes, credit_codes, dates, nothing
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
from simulation.planting import Planting, flagged, on, quarantined
from simulation.source import About, Format, Source
from simulation.subjects import Register
from simulation.table import Table, parts
from simulation.vocabulary import FREEZE_MARK, FUND_CLOSURE, FUND_DOCUMENT_TYPE, FUND_STATE
from simulation.world.block import World
from simulation.world.calendar import day_number, moments

FEWEST = 240
NORMAL, SEALED, CLOSED = "01", "02", "05"
OPENED = "2019-03-04"
EMPLOYER_RATE, EMPLOYEE_RATE = "0.12", "0.08"


@dataclass(frozen=True)
class Account:
    """An account and its days; `employer` is a code and a name."""

    holder: Person
    employer: tuple[str, str]
    base: str
    state: str = NORMAL
    opened_on: str = OPENED
    sealed_on: str = ""
    closed_on: str = ""
    paid_to: str = "202602"


def _employers(world: World, state: str) -> list[tuple[str, str]]:
    entities = world.organisations
    plain = (at for at in sorted(world.plain_organisations) if entities.state[at] == state)
    return [(entities.credit_code[at], entities.name[at]) for at in plain]


def _ordinary(rng: np.random.Generator, world: World) -> list[Account]:
    """Of people from elsewhere: of eight one is sealed, one closed, and one closed after it was sealed.

    Behind them some of the dead, whose accounts were closed in time.
    """
    count, employers = max(world.total // 80, FEWEST), _employers(world, "1")
    accounts = []
    for at, holder in enumerate(strangers(rng, count, 2)):
        account = Account(holder, employers[at % len(employers)], f"{4000 + at % 40 * 150}.00")
        match at % 8:
            case 1:
                account = replace(account, state=SEALED, sealed_on="2024-05-06", paid_to="202404")
            case 2:
                account = replace(account, state=CLOSED, closed_on="2025-02-03", paid_to="202501")
            case 3:
                account = replace(
                    account, state=CLOSED, sealed_on="2023-08-01", closed_on="2024-01-02", paid_to="202307"
                )
        accounts.append(account)
    closed = Account(
        person(world, dead(world)[0]), employers[0], "1600.00", CLOSED, "2008-01-02", "", "2011-06-01", "201105"
    )
    return accounts + [replace(closed, holder=person(world, at)) for at in dead(world)[SPECIAL : 5 * SPECIAL]]


def _special(rng: np.random.Generator, world: World) -> list[Account]:
    """What contradicts other registers: of the dead, of the young, two of one person, of an employer that is gone."""
    employer, people = _employers(world, "1")[0], world.people
    accounts = [
        Account(
            person(world, at), employer, "5000.00", opened_on="2008-01-02", paid_to=month_of(int(people.died[at]) + 70)
        )
        for at in dead(world)[:SPECIAL]
    ]
    born_before = [at for at in minors(world) if people.born[at] < day_number("2024-01-01")]
    accounts += [
        Account(person(world, at), employer, "2500.00", opened_on="2025-06-02") for at in born_before[:SPECIAL]
    ]
    others = strangers(rng, 3 * SPECIAL, 3)
    for stranger in others[:SPECIAL]:
        accounts += [Account(stranger, employer, "6000.00"), Account(stranger, employer, "6100.00")]
    for stranger, cancelled in zip(others[SPECIAL:], _employers(world, "3")[:SPECIAL], strict=False):
        accounts.append(Account(stranger, cancelled, "5500.00"))
    # Who lives on an allowance, see there, and earns well; and who is insured by the same base.
    accounts += [Account(person(world, at), employer, "9999.00") for at in adults(world)[:SPECIAL]]
    for at in adults(world)[SPECIAL : 3 * SPECIAL]:
        base = next((i.base for i in world.insurances.get(at, ()) if i.state == "1"), "7000.00")
        accounts.append(Account(person(world, at), employer, base))
    return accounts


def _deposit(base: str, rate: str) -> str:
    return f"{Decimal(base) * Decimal(rate):.2f}"


def records(rng: np.random.Generator, world: World) -> tuple[Table]:
    """Ordinary accounts, and behind them those that contradict something, in which nothing is planted."""
    ordinary = _ordinary(rng, world)
    accounts = [*ordinary, *_special(rng, world)]
    count = len(accounts)
    about, about_due = columns_of([account.holder for account in accounts])
    is_closed = [account.state == CLOSED for account in accounts]
    balances = [f"{12_000 + at % 70 * 100}.50" for at in range(count)]
    sent = {
        "account_number": [f"8{15_000_000_000 + at * 13}" for at in range(count)],
        "centre_code": [f"C{account.holder.region[:4]}" for account in accounts],
        "document_type": [FUND_DOCUMENT_TYPE["01"][at % 2] for at in range(count)],
        "document": about["id_number"],
        "person_name": about["person_name"],
        "employer_account": [f"D{at % 90:05}" for at in range(count)],
        "employer_name": [account.employer[1] for account in accounts],
        "employer_code": [account.employer[0] for account in accounts],
        "base": [account.base for account in accounts],
        "employer_rate": [("0.12", "12", "12%")[at % 3] for at in range(count)],
        "employee_rate": [("8", "8%", "0.08")[at % 3] for at in range(count)],
        "employer_deposit": [_deposit(account.base, EMPLOYER_RATE) for account in accounts],
        "employee_deposit": [_deposit(account.base, EMPLOYEE_RATE) for account in accounts],
        "balance": ["0.00" if gone else balance for gone, balance in zip(is_closed, balances, strict=True)],
        "balance_carried_over": ["1000.00"] * count,
        "balance_of_year": ["3000.00"] * count,
        "state": [FUND_STATE[account.state][0] if at % 2 else account.state for at, account in enumerate(accounts)],
        "freeze_mark": [("0", "未冻结")[at % 2] for at in range(count)],
        "opened_on": [account.opened_on for account in accounts],
        "sealed_on": [account.sealed_on for account in accounts],
        "closed_on": [account.closed_on for account in accounts],
        "closure_reason": [FUND_CLOSURE["离职"][0] if gone else "" for gone in is_closed],
        "paid_to": [spelt_month(account.paid_to, at) for at, account in enumerate(accounts)],
        "last_transaction_on": ["2026-02-20"] * count,
        "updated_at": moments(rng, count),
        "operation": [""] * count,
    }
    due: dict[str, list[str | None]] = {
        "name_key": about_due["name_key"],
        "document_type": ["01"] * count,
        "employer_rate": ["0.120000"] * count,
        "employee_rate": ["0.080000"] * count,
        "state": [account.state for account in accounts],
        "freeze_mark": ["0"] * count,
        "closure_reason": ["离职" if gone else None for gone in is_closed],
        "paid_to": [account.paid_to for account in accounts],
    }
    meant: dict[str, list[Any]] = {
        "kept": [at >= len(ordinary) for at in range(count)],
        "is_known": [account.holder.is_known for account in accounts],
    }
    return (Table("housing_fund", sent, due, parts(count), meant=meant),)


def _put(register: Register, column: str, value: str, rule: str, kind: str, *, open_only: bool = True) -> None:
    for row in register.rows(also=OPEN(register) if open_only else GONE(register)):
        register.table.change(row, column, value)
        register.table.flag(row, kind, rule)


def _closed_without_day(register: Register) -> None:
    """Closed and undated, closed with money in it, open with a day of closing."""
    _put(register, "closed_on", "", "closure_dated", "closure_undated", open_only=False)
    _put(register, "balance", "35.20", "closed_without_balance", "closed_with_balance", open_only=False)
    _put(register, "closed_on", "2025-05-05", "closure_dated", "open_with_day_of_closure")


BEFORE_ANY_OPENING = "2007-12-31"


def _out_of_order(register: Register) -> None:
    _put(register, "closed_on", BEFORE_ANY_OPENING, "closed_after_opened", "closed_before_opened", open_only=False)
    table = register.table
    for row in register.rows(also=by_row("sealed_on", bool)(register)):
        table.change(row, "sealed_on", BEFORE_ANY_OPENING)
        table.flag(row, "sealed_before_opened", "sealed_after_opened")


def _rate(column: str, deposit: str, rate: str, sent: str, kind: str) -> Planting:
    """A rate beyond what may be paid, or at its edge, by which the deposit is right."""

    def plant(register: Register) -> None:
        table = register.table
        for row in register.rows():
            table.put(row, column, sent, f"{Decimal(rate):.6f}")
            table.change(row, deposit, _deposit(str(table.sent["base"][row]), rate))
            if Decimal("0.05") <= Decimal(rate) <= Decimal("0.12"):
                table.accept(row, kind)
            else:
                table.flag(row, kind, f"{column}_within")

    return Planting(plant)


def _deposit_wrong(register: Register) -> None:
    table = register.table
    for column in ("employer_deposit", "employee_deposit"):
        for row in register.rows():
            table.change(row, column, f"{Decimal(table.sent[column][row]) + Decimal('1.01'):.2f}")
            table.flag(row, "deposit_not_base_by_rate", f"{column}_is_base_by_rate")


def _base_out_of_bounds(register: Register) -> None:
    table = register.table
    for at, row in enumerate(register.rows(2 * register.each, OPEN(register))):
        base = ("1499.00", "40001.00")[at % 2]
        table.change(row, "base", base)
        table.change(row, "employer_deposit", _deposit(base, EMPLOYER_RATE))
        table.change(row, "employee_deposit", _deposit(base, EMPLOYEE_RATE))
        table.flag(row, "fund_base_out_of_bounds", "base_within_bounds")


OPEN, GONE = by_row("state", NORMAL.__eq__), by_row("state", CLOSED.__eq__)
PLAN = (
    *planted_in_all(("employer_account", "D99999"), "employer_name", number="document"),
    Planting(_closed_without_day),
    Planting(_out_of_order),
    _rate("employer_rate", "employer_deposit", "0.13", "13%", "rate_too_high"),
    _rate("employee_rate", "employee_deposit", "0.04", "4", "rate_too_low"),
    _rate("employee_rate", "employee_deposit", "0.05", ".05", "rate_just_high_enough"),
    Planting(_deposit_wrong),
    Planting(_base_out_of_bounds),
    on("document", flagged("passport_as_identity_card", "E12345678"), rules=["document_fits_type"]),
    on("opened_on", dates.before_birth(), rules=["opened_after_birth"]),
    on("opened_on", dates.in_future(), among=OPEN),
    on("opened_on", dates.ANY_SPELLING, every=True),
    on("sealed_on", dates.NINES, among=OPEN),
    on("account_number", nothing.required("无")),
    on("employer_code", credit_codes.LOWER_CASE),
    on("employer_code", credit_codes.WRONG_CHECK_DIGIT),
    on("state", flagged("code_unlisted", "待核", checks=["listed"]), among=OPEN),
    on("freeze_mark", codes.other_label(FREEZE_MARK, 0, code_itself=True)),
    on("freeze_mark", flagged("code_unlisted", "5", checks=["listed"])),
    on("closure_reason", flagged("code_unlisted", "另行处理", checks=["listed"]), among=GONE),
    on("paid_to", quarantined("month_unreadable", "13月", "2026-00", checks=["form"]), every=True),
    on("employer_rate", flagged("rate_unreadable", "按规定", checks=["form"], due=None)),
    on("balance_carried_over", amounts.THOUSANDS, every=True),
    on("balance_of_year", amounts.NEGATIVE),
    on("balance_of_year", amounts.UNREADABLE),
    on("last_transaction_on", dates.implausible("transaction_long_ago", "1899-12-31")),
    on("updated_at", dates.MOMENT_UNREADABLE),
)
SOURCE = Source(
    name="housing_fund",
    title="公积金账户",
    about=About.ANYONE,
    form=Format(".jsonl"),
    records=records,
    drift=("公积金账号", "身份证号", "缴存基数", "账户状态", "dsc_biz_operation", "dsc_biz_timestamp"),
    plan=PLAN,
)
