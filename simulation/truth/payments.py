"""Contributions to social insurance due: sums of tickets by period, and which tickets contradict something."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal

from simulation.truth.persons import Found, Known, Row, age_in, table_due
from simulation.truth.writing import Truth

KEY = ("id_number", "levy_item", "period_from", "period_to")
LAST = ("base", "rate", "employer_code", "employer_name", "paid_on", "insured_region")
EMPLOYED = ("110", "120", "210", "310", "410")


def payments_due(truth: Truth, tickets: Sequence[Row], known: Known) -> Found:
    """Writes the table `payment` and gives what is found of tickets."""
    positive = [ticket for ticket in tickets if _amount(ticket, "amount_paid") >= 0]
    originals = {(ticket["id_number"], ticket["ticket_number"]) for ticket in positive}
    negative = [ticket for ticket in tickets if _amount(ticket, "amount_paid") < 0]
    orphans = [ticket for ticket in negative if (ticket["id_number"], ticket["corrects_ticket"]) not in originals]
    taken_back = [ticket for ticket in negative if ticket not in orphans]
    periods: dict[tuple[str | None, ...], list[Row]] = defaultdict(list)
    for ticket in [*positive, *taken_back]:
        periods[tuple(ticket[name] for name in KEY)].append(ticket)
    rows = [_period(key, some) for key, some in periods.items()]
    table_due(truth, "payment", KEY, rows, known, "insured_region")
    found: Found = Counter(("correction_without_original", str(ticket["id_number"])) for ticket in orphans)
    for ticket in tickets:
        number = ticket["id_number"]
        if not known.is_named(number, ticket["name_key"]):
            found["payment_unlike_household", str(number)] += 1
    found += _contradictions(positive, known)
    return found + _unpaid(rows, known)


def _amount(row: Row, column: str) -> Decimal:
    return Decimal(row[column] or 0)


def _period(key: tuple[str | None, ...], tickets: list[Row]) -> Row:
    sums = {
        column: f"{sum(_amount(ticket, column) for ticket in tickets):.2f}"
        if any(ticket[column] is not None for ticket in tickets)
        else None
        for column in ("amount_due", "amount_paid", "late_fee")
    }
    paid = [ticket for ticket in tickets if _amount(ticket, "amount_paid") >= 0]
    last = max(paid, key=lambda ticket: (str(ticket["paid_on"]), str(ticket["updated_at"])), default=None)
    return {
        **dict(zip(KEY, key, strict=True)),
        **sums,
        "tickets": str(len(tickets)),
        "corrections": str(len(tickets) - len(paid)),
        **{column: last[column] if last else None for column in LAST},
    }


def _contradictions(tickets: Sequence[Row], known: Known) -> Found:
    found: Found = Counter()
    last: dict[tuple[str | None, str | None], Row] = {}
    for ticket in tickets:
        number, item = str(ticket["id_number"]), ticket["levy_item"]
        died_in = known.died_in(number)
        if died_in and str(ticket["period_from"]) > died_in:
            found["payment_after_death", number] += 1
        if item in EMPLOYED and age_in(ticket["period_to"], number) < 16:
            found["payment_under_age", number] += 1
        for insurance in known.insurances(number):
            if insurance.kind == item and insurance.state == "3" and str(ticket["paid_on"]) > insurance.last_paid_on:
                found["paid_though_terminated", number] += 1
        before = last.get((number, item))
        if before is None or _order(ticket) >= _order(before):
            last[number, item] = ticket
    for (payer, kind), ticket in last.items():
        if known.state.get(str(ticket["employer_code"])) == "3":
            found["payment_by_cancelled_employer", str(payer)] += 1
        for insurance in known.insurances(payer):
            same = insurance.kind == kind and insurance.state == "1" and ticket["base"] is not None
            if same and Decimal(str(ticket["base"])) != Decimal(insurance.base):
                found["payment_base_differs", str(payer)] += 1
    return found


def _order(ticket: Row) -> tuple[str, ...]:
    return tuple(str(ticket[name]) for name in ("period_to", "paid_on", "updated_at"))


def _unpaid(periods: Sequence[Row], known: Known) -> Found:
    found: Found = Counter()
    paid = {(row["id_number"], row["levy_item"]) for row in periods if _amount(row, "amount_paid") > 0}
    for number in dict.fromkeys(row["id_number"] for row in periods):
        for insurance in known.insurances(number):
            if insurance.state == "1" and (number, insurance.kind) not in paid:
                found["insured_but_unpaid", str(number)] += 1
    return found
