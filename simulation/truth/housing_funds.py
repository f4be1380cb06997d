"""Accounts of housing funds due: the states that each has gone through, and which contradict something."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from simulation.truth.persons import Found, Known, Row, age_in, table_due
from simulation.truth.writing import Truth

KEY = ("id_number", "centre_code", "account_number", "valid_from")
ABOUT = ("employer_code", "employer_name", "base", "employer_rate", "employee_rate", "balance", "paid_to")
NORMAL, SEALED = "01", "02"


def housing_funds_due(truth: Truth, accounts: Sequence[Row], known: Known) -> Found:
    """Writes the table `housing_fund_account` and gives what is found of holders."""
    states = [state for account in accounts if _is_of_person(account) for state in _states(account)]
    table_due(truth, "housing_fund_account", KEY, states, known, None)
    open_accounts = Counter(account["document"] for account in accounts if account["state"] == NORMAL)
    found: Found = Counter()
    for account in accounts:
        number = str(account["document"])
        died_in, paid_to = known.died_in(number), account["paid_to"]
        found["fund_paid_after_death", number] += bool(died_in and paid_to and paid_to > died_in)
        found["fund_unlike_household", number] += not known.is_named(number, account["name_key"])
        if _is_of_person(account):
            opened_in = str(account["opened_on"]).replace("-", "")[:6]
            found["fund_under_age", number] += age_in(opened_in, number) < 16
        if account["state"] == NORMAL:
            found["several_normal_funds", number] += open_accounts[number] > 1
            found["fund_of_cancelled_employer", number] += known.state.get(str(account["employer_code"])) == "3"
            bases = [Decimal(i.base) for i in known.insurances(number) if i.state == "1"]
            differs = account["base"] is not None and Decimal(account["base"]) not in bases
            found["fund_base_differs", number] += bool(bases) and differs
    return +found


def _is_of_person(account: Row) -> bool:
    return re.fullmatch(r"\d{17}[\dX]", str(account["document"])) is not None


def _states(account: Row) -> list[Row]:
    """From the day of opening to that of sealing, to that of closing, and on."""
    days = [(NORMAL, str(account["opened_on"]))]
    for state, column in ((SEALED, "sealed_on"), (None, "closed_on")):
        day = account[column]
        sealed_again = column == "sealed_on" and account["state"] == NORMAL
        if day and day > days[-1][1] and not sealed_again:
            days.append((state or NORMAL, day))
    rows: list[Row] = []
    for at, (state, day) in enumerate(days):
        is_current = at == len(days) - 1
        rows.append(
            {
                "id_number": account["document"],
                "centre_code": account["centre_code"],
                "account_number": account["account_number"],
                "valid_from": day,
                "valid_to": None if is_current else _day_before(days[at + 1][1]),
                "is_current": "true" if is_current else "false",
                "state": account["state"] if is_current else state,
                **{name: account[name] if is_current else None for name in ABOUT},
            }
        )
    return rows


def _day_before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()
