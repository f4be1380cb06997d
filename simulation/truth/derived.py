"""The tables that follow from the registers, worked out from what the records mean."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from simulation.contracts import OPERATION, contract
from simulation.truth.standing import Standing

Columns = dict[str, list[str | None]]
Person = Mapping[str, str | None]
# GB/T 2261.2: whom a registration leaves married and whom divorced; a lost certificate's copy says the same again.
MARRIED, ANNULLED = "1", "5"
_STATE = {MARRIED: "20", "2": "40", "3": "20", "4": "40", ANNULLED: "10"}
# Identity cards, said or not, and the cards of foreigners who stay for good: their numbers are those of persons.
_ID_CARDS = (None, "111", "553")
DISABILITY = "disability_registration"
BENEFIT, LEFT = "4", "3"


def deaths(registered: Standing) -> Columns:
    """One row per person, by the certificate that was updated last."""
    given_elsewhere = ("person_name", "sex", "updated_at", OPERATION)
    names = [name for name in contract("death_registration").headers if name not in given_elsewhere]
    rows = zip(registered.values("id_number"), registered.values("updated_at"), _rows(registered, names), strict=True)
    return _columns(names, _last(rows).values())


def marriages(registered: Standing) -> Columns:
    """One row per person whose marriage or divorce was ever registered: what the registrations left.

    Whoever is known by a passport or another document is a spouse, and nobody of whom a row is kept.
    """
    events: dict[str, list[_Event]] = defaultdict(list)
    names = ["registered_on", "updated_at", "registration_number", "marriage_event"]
    for role, other in (("husband", "wife"), ("wife", "husband")):
        about = [f"{role}_id", f"{role}_document_type", f"{other}_id", f"{other}_name"]
        for day, moment, number, event, person, document, spouse, name in _rows(registered, [*names, *about]):
            if document in _ID_CARDS:
                events[str(person)].append(_Event(str(day), str(moment), str(event), number, spouse, name))
    last = {person: _left(sorted(some, key=lambda event: (event.day, event.moment))) for person, some in events.items()}
    rows = (
        [who, event.day, event.number, _STATE[event.kind], event.spouse, event.spouse_name]
        for who, event in last.items()
    )
    return _columns(["id_number", "registered_on", "registration_number", "state", "spouse_id", "spouse_name"], rows)


@dataclass(frozen=True)
class _Event:
    """A registration as it is about one of the two."""

    day: str
    moment: str
    kind: str
    number: str | None
    spouse: str | None
    spouse_name: str | None


def _left(events: list[_Event]) -> _Event:
    """The registration that decides, of a person's in their order.

    An annulled marriage was void from its first day (民法典第一千零五十四条): nothing registered of it counts.
    """
    standing: list[_Event] = []
    for event in events:
        if event.kind != ANNULLED:
            standing.append(event)
            continue
        begun = [
            at
            for at, event_before in enumerate(standing)
            if event_before.spouse == event.spouse and event_before.kind == MARRIED
        ]
        first = begun[-1] if begun else len(standing)
        standing = [before for at, before in enumerate(standing) if at < first or before.spouse != event.spouse]
    return (standing or events)[-1]


def social_security(registered: Standing) -> Columns:
    """One row per person and type of insurance."""
    names = ["id_number", "insurance_type", "state", "employer_name", "employer_code", "enrolled_on"]
    names += ["contribution_base", "last_paid_on", "benefit_paid_to", "insured_region"]
    return {name: registered.values(name) for name in names}


def old_forms(register: Standing) -> Columns:
    """15-digit forms that an accepted row of a register ever had, by column, with the number each stands for."""
    table = register.table
    given = [(row, column, form) for (row, column), form in table.old_forms.items() if row not in table.rejected]
    rows = {(form, column): table.column(column)[row] for row, column, form in given}
    return _columns(["alias", "column", "value"], ([*place, number] for place, number in rows.items()))


def aliases(registers: Iterable[Standing], numbers_of_before: Mapping[str, str]) -> Columns:
    """The 15-digit forms of all registers, and the numbers of before that certificates of disability still hold."""
    rows = []
    for register in registers:
        forms = old_forms(register)
        for alias, column, number in zip(forms["alias"], forms["column"], forms["value"], strict=True):
            rows.append([alias, register.table.source, column, number])
    rows += [[before, DISABILITY, "disability_number", number] for before, number in numbers_of_before.items()]
    return _columns(["alias", "source", "column", "id_number"], rows)


def person_files(
    people: Mapping[str, Person], married: Columns, insured: Columns, conflicts: Counter[str], findings: Counter[str]
) -> Columns:
    """一人一档: one row per golden record."""
    spouses = dict(zip(married["id_number"], zip(married["state"], married["spouse_id"], strict=True), strict=True))
    states = list(zip(insured["id_number"], insured["state"], strict=True))
    insurances = Counter(person for person, state in states if state != LEFT)
    paid = {person for person, state in states if state == BENEFIT}
    copied = ["person_name", "sex", "birth_date", "ethnicity", "residence_region", "died_on"]
    counted = ["insurances", "receives_benefit", "conflicts", "findings"]
    rows = (
        [
            *(number, *(person[name] for name in copied)),
            *(*spouses.get(number, (None, None)), _yes_or_no(person["died_on"])),
            *(str(insurances[number]), _yes_or_no(number in paid), str(conflicts[number]), str(findings[number])),
        ]
        for number, person in people.items()
    )
    return _columns(["id_number", *copied, "marital_state", "spouse_id", "is_deceased", *counted], rows)


def enterprise_files(
    entities: Mapping[str, Person],
    checked: Mapping[str, str | None],
    staff: Mapping[str, int],
    conflicts: Counter[str],
    findings: Counter[str],
) -> Columns:
    """一企一档: one row per golden record."""
    copied = ["entity_name", "entity_type", "state", "established_on", "registered_capital", "capital_currency"]
    copied += ["representative_name", "registered_region", "registered_address"]
    counted = ["insured_staff", "conflicts", "findings"]
    rows = (
        [code, *(entity[name] for name in copied), checked.get(code), _yes_or_no(code in checked)]
        + [str(counts.get(code, 0)) for counts in (staff, conflicts, findings)]
        for code, entity in entities.items()
    )
    return _columns(["credit_code", *copied, "check_result", "is_checked", *counted], rows)


def staff(insured: Columns, dead: set[str | None]) -> Counter[str]:
    """Employer → how many living people it has insured whose insurance goes on: paid, paused, or drawing benefits."""
    members: dict[str, set[str | None]] = defaultdict(set)
    rows = zip(insured["id_number"], insured["employer_code"], insured["state"], strict=True)
    for person, employer, state in rows:
        if employer and state != LEFT and person not in dead:
            members[employer].add(person)
    return Counter({employer: len(people) for employer, people in members.items()})


def _rows(standing: Standing, names: list[str]) -> Iterable[tuple[str | None, ...]]:
    return zip(*(standing.values(name) for name in names), strict=True)


def _last(rows: Iterable[tuple[str | None, Any, Iterable[Any]]]) -> dict[str | None, Iterable[Any]]:
    """Of each key the row whose order is the highest, of equal ones that which comes last."""
    latest: dict[str | None, tuple[Any, Iterable[Any]]] = {}
    for key, order, row in rows:
        held = latest.get(key)
        if held is None or order >= held[0]:
            latest[key] = (order, row)
    return {key: row for key, (_, row) in latest.items()}


def _columns(names: list[str], rows: Iterable[Iterable[str | None]]) -> Columns:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in names]
    return dict(zip(names, columns, strict=True))


def _yes_or_no(holds: object) -> str:
    return "true" if holds else "false"
