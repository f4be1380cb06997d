"""The tables that follow from the registers, worked out from what the records mean."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from simulation.layouts import FIRST_LAYOUT
from simulation.standing import Standing

Columns = dict[str, list[str | None]]
Person = Mapping[str, str | None]
# GB/T 2261.2: whom a registration leaves married and whom divorced; a lost certificate's copy says the same again.
_STATE = {"1": "20", "2": "40", "3": "20", "4": "40"}
BENEFIT, LEFT = "4", "3"
# GB/T 36904: an identifier ends in `.<version 3>.<check 1>`; GB 32100: 3–8 are the region.
_VERSION_AND_CHECK, _REGION = 6, slice(2, 8)


def deaths(registered: Standing) -> Columns:
    """One row per person, by the certificate that was updated last."""
    names = [name for name in FIRST_LAYOUT["death_registration"] if name not in ("person_name", "sex", "updated_at")]
    latest = _last(zip(registered.values("id_number"), _rows(registered, ["updated_at", *names]), strict=True))
    return _columns(names, (row[1:] for row in latest.values()))


def marriages(registered: Standing) -> Columns:
    """One row per person whose marriage or divorce was ever registered: what the latest registration left."""
    names = ["registered_on", "registration_number", "marriage_event", "husband_id", "wife_id", "husband_name"]
    events = []
    for day, number, event, husband, wife, name, wife_name in _rows(registered, [*names, "wife_name"]):
        state = _STATE[str(event)]
        events.append((husband, (day, number, state, wife, wife_name)))
        events.append((wife, (day, number, state, husband, name)))
    latest = _last(events)
    people = ([person, *row] for person, row in latest.items())
    return _columns(["id_number", "registered_on", "registration_number", "state", "spouse_id", "spouse_name"], people)


def social_security(registered: Standing) -> Columns:
    """One row per person and type of insurance."""
    names = ["id_number", "insurance_type", "state", "employer_name", "employer_code", "enrolled_on"]
    names += ["contribution_base", "last_paid_on", "benefit_paid_to", "insured_region"]
    return {name: registered.values(name) for name in names}


def aliases(registers: Iterable[Standing]) -> Columns:
    """15-digit forms, with the number each stands for, by the column that it came in."""
    times: Counter[tuple[str, str, str, str]] = Counter()
    for register in registers:
        table = register.table
        stand = set(register.rows)
        for (row, column), form in table.old_forms.items():
            if row in stand:
                times[form, table.source, column, str(table.column(column)[row])] += 1
    return _columns(["alias", "source", "column", "id_number", "times"], ([*key, str(n)] for key, n in times.items()))


def current_licenses(registered: Standing) -> Columns:
    """One row per licence: its highest version."""
    columns = registered.columns()
    names = [name for name in columns if name != "license_identifier"]
    versions = []
    for identifier, *values in zip(columns["license_identifier"], *(columns[name] for name in names), strict=True):
        version = int(str(identifier)[-5:-2])
        order = (version, values[names.index("updated_at")], identifier)
        versions.append((str(identifier)[:-_VERSION_AND_CHECK], (order, *values)))
    at = names.index("issuer_code")
    rows = (
        [license, str(order[0]), order[2], str(values[at])[_REGION], *values]
        for license, (order, *values) in _last(versions).items()
    )
    return _columns(["license", "version", "license_identifier", "issue_region", *names], rows)


def person_files(
    people: Mapping[str, Person], married: Columns, insured: Columns, conflicts: Counter[str], findings: Counter[str]
) -> Columns:
    """一人一档: one row per golden record."""
    spouses = dict(zip(married["id_number"], zip(married["state"], married["spouse_id"], strict=True), strict=True))
    insurances = Counter(insured["id_number"])
    paid = {person for person, state in zip(insured["id_number"], insured["state"], strict=True) if state == BENEFIT}
    copied = ["person_name", "sex", "birth_date", "ethnicity", "residence_region", "died_on"]
    counted = ["insurances", "receives_benefit", "conflicts", "findings"]
    rows = (
        [
            *(number, *(person[name] for name in copied)),
            *(*spouses.get(number, (None, None)), _said(person["died_on"])),
            *(str(insurances[number]), _said(number in paid), str(conflicts[number]), str(findings[number])),
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
        [code, *(entity[name] for name in copied), checked.get(code), _said(code in checked)]
        + [str(counts.get(code, 0)) for counts in (staff, conflicts, findings)]
        for code, entity in entities.items()
    )
    return _columns(["credit_code", *copied, "check_result", "is_checked", *counted], rows)


def staff(insured: Columns) -> Counter[str]:
    """Employer → how many people it has insured."""
    members: dict[str, set[str | None]] = defaultdict(set)
    for person, employer in zip(insured["id_number"], insured["employer_code"], strict=True):
        if employer:
            members[employer].add(person)
    return Counter({employer: len(people) for employer, people in members.items()})


def _rows(standing: Standing, names: list[str]) -> Iterable[tuple[str | None, ...]]:
    return zip(*(standing.values(name) for name in names), strict=True)


def _last(rows: Iterable[tuple[str | None, tuple]]) -> dict[str | None, tuple]:
    """Of each key the row that sorts last."""
    latest: dict[str | None, tuple] = {}
    for key, row in rows:
        held = latest.get(key)
        if held is None or _order(row) > _order(held):
            latest[key] = row
    return latest


def _order(row: tuple) -> tuple:
    return row[:2]


def _columns(names: list[str], rows: Iterable[Iterable[str | None]]) -> Columns:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in names]
    return dict(zip(names, columns, strict=True))


def _said(holds: object) -> str:
    return "true" if holds else "false"
