"""What the credit database must hold: publications with whom they mean, the sum of them, and what contradicts what."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from simulation.truth.derived import Columns
from simulation.truth.standing import Standing
from simulation.truth.writing import Truth
from simulation.world.block import World
from simulation.world.places import city_of

Row = dict[str, str | None]
Found = Counter[tuple[str, str, str]]
LICENCE, PENALTY, DEBTOR, LIST = "administrative_licence", "administrative_penalty", "dishonest_debtor", "credit_list"
KEYS = {
    LICENCE: ("decision_number", "authority_code", "licence_number", "subject_key"),
    PENALTY: ("decision_number", "authority_code", "subject_key"),
    DEBTOR: ("case_number", "subject_key", "publication_number"),
    LIST: ("subject_key", "list_type", "listed_on", "listing_authority"),
}
TABLES = {LICENCE: "licence", PENALTY: "penalty", DEBTOR: "debtor", LIST: "listing"}
FOUND = ("credit_code", "id_number", "method", "candidates", "subject_region")
COLUMNS: dict[str, str] = {
    LICENCE: "decision_title licence_category certificate_name content decided_on valid_from valid_to authority state"
    " updated_at authority_region",
    PENALTY: "offence_type penalty_category content fine confiscated affected_licence decided_on effective_until"
    " published_until authority state updated_at authority_region",
    DEBTOR: "court basis_number filed_on performance conduct published_on",
    LIST: "list_name listing_reason published_until removed_on repaired_on stands",
}
LISTS = ("honoured", "watched", "abnormal", "dishonest")
LONG_TERM, VALID, REVOKING, OVER = "2099-12-31", "1", "5", ("withdrawn", "repaired")
IN_FORCE, OUT_OF_FORCE = "01", ("03", "04", "05", "07")
# How a publication of which nobody is found is called: where a code may stand, where a person's number, what else.
CALLED = {
    LICENCE: (
        "licence_subject_unknown",
        "licence_person_unknown",
        "reported_credit_code",
        "document",
        "decision_number",
    ),
    PENALTY: (
        "penalty_subject_unknown",
        "penalty_person_unknown",
        "reported_credit_code",
        "document",
        "decision_number",
    ),
    DEBTOR: ("debtor_unknown", "debtor_person_unknown", "reported_code", "reported_code", "case_number"),
    LIST: ("listed_subject_unknown", "listed_person_unknown", "reported_credit_code", "document", "listing_document"),
}


def publications_due(truth: Truth, standings: Iterable[Standing], world: World) -> None:
    """The tables of the credit database, what of them flows back, and the findings."""
    rows = {at.table.source: publication_rows(at) for at in standings if at.table.source in KEYS}
    for source, found in rows.items():
        names = [*KEYS[source], "subject_name", "subject_category", *FOUND, *COLUMNS[source].split()]
        _table(truth, TABLES[source], names, KEYS[source], found)
    summary = _summary(rows)
    _table(truth, "subject_summary", list(summary[0]), ("subject",), summary)
    for (record, rule, subject), times in _contradictions(rows, world).items():
        truth.finding(record, rule, subject, rows=times)


def publication_rows(standing: Standing) -> list[Row]:
    """Each publication as it is due; of one decision about one subject the last."""
    source, table = standing.table.source, standing.table
    columns = standing.columns() | {name: [table.meant[name][row] for row in standing.rows] for name in FOUND}
    rows: list[Row] = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    for row in rows:
        if row.get("valid_to") == LONG_TERM:
            row["valid_to"] = None
        if "authority_code" in row:
            row["authority_region"] = str(row["authority_code"])[2:8]
        if source == LIST:
            row["stands"] = _yes_or_no(row["is_removed"] != "是" if row["is_removed"] else not row["removed_on"])
    if source not in (LICENCE, PENALTY):
        return rows
    last: dict[tuple[str | None, ...], Row] = {}
    for row in sorted(rows, key=lambda row: str(row["updated_at"])):
        subject = row["credit_code"] or row["id_number"] or f"={row['subject_key']}"
        last[(*(row[name] for name in KEYS[source][:-1]), subject)] = row
    return list(last.values())


def _table(truth: Truth, name: str, columns: Sequence[str], key: Sequence[str], rows: Sequence[Row]) -> None:
    due: Columns = {column: [row[column] for row in rows] for column in columns}
    truth.table(f"foundation/credit/{name}", due)
    regions = [_in_a_city(row["subject_region"], row.get("authority_region")) for row in rows]
    truth.returned(f"credit/{name}", regions, {column: due[column] for column in key})


def _in_a_city(*regions: str | None) -> str | None:
    return next((region for region in regions if city_of(region)), None)


def _subject(row: Row) -> str:
    return str(row["credit_code"] or row["id_number"] or "")


def _summary(rows: Mapping[str, list[Row]]) -> list[Row]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    fines: dict[str, Decimal | None] = {}
    last: dict[str, str | None] = {}
    known: dict[str, Row] = {}
    for source, some in rows.items():
        for row in some:
            if not (subject := _subject(row)):
                continue
            known[subject], count = row, counts[subject]
            match source:
                case "administrative_licence":
                    count["licences"] += 1
                    count["valid_licences"] += row["state"] == VALID
                case "administrative_penalty":
                    stands = row["state"] not in OVER
                    count["penalties"] += 1
                    count["standing_penalties"] += stands
                    if stands and row["fine"]:
                        fines[subject] = (fines.get(subject) or Decimal()) + Decimal(row["fine"])
                    last[subject] = max(str(row["decided_on"]), last.get(subject) or "")
                case "dishonest_debtor":
                    count["debts"] += 1
                case _:
                    count[f"{row['list_type']}_listings"] += row["stands"] == "true"
    named = [
        "licences",
        "valid_licences",
        "penalties",
        "standing_penalties",
        "debts",
        *(f"{k}_listings" for k in LISTS),
    ]
    return [
        {
            "subject": subject,
            **{name: row[name] for name in ("credit_code", "id_number", "subject_region")},
            **{name: str(counts[subject][name]) for name in named},
            "fines": None if fines.get(subject) is None else f"{fines[subject]:.2f}",
            "last_penalty_on": last.get(subject),
        }
        for subject, row in known.items()
    ]


def _contradictions(rows: Mapping[str, list[Row]], world: World) -> Found:
    """How many rows of each subject contradict what is so, by golden record and rule."""
    found: Found = Counter()
    organisations, people = world.organisations, world.people
    state = dict(zip(organisations.credit_code, organisations.state, strict=True))
    dead = {people.id_number[at] for at in world.plain_people if people.died[at] >= 0}
    licensed = {(number, holder): license_state for number, holder, license_state in world.licenses}
    revoked = [row for row in rows[PENALTY] if REVOKING in str(row["penalty_category"]).split(";")]
    revoked = [row for row in revoked if "吊销" in str(row["content"]) and row["state"] not in OVER]
    for row in rows[LICENCE]:
        code, number, subject = row["credit_code"], row["id_number"], _subject(row)
        is_valid = row["state"] == VALID
        if is_valid and code and state[code] != "1":
            found["legal_entity", "licence_of_ended_entity", code] += 1
        if is_valid and number in dead:
            found["person", "licence_of_dead_person", str(number)] += 1
        if is_valid and any(_revokes(penalty, row) for penalty in revoked if subject and _subject(penalty) == subject):
            record, rule = _of_record(code, "revoked_licence_still_valid", "revoked_licence_of_person_still_valid")
            found[record, rule, subject] += 1
        published = licensed.get((str(row["licence_number"]), str(code)))
        if published and ((is_valid and published in OUT_OF_FORCE) or (row["state"] == "2" and published == IN_FORCE)):
            found["legal_entity", "licence_unlike_e_license", str(code)] += 1
    _find_contradictory_lists(found, rows[LIST])
    debtors = {row["id_number"] for row in rows[DEBTOR]} - {None}
    for head, code in world.heads:
        if head in debtors:
            found["legal_entity", "head_dishonest_debtor", code] += 1
    for source, some in rows.items():
        for row in some:
            if not _subject(row):
                _find_unknown(found, source, row)
    return found


def _revokes(penalty: Row, licence: Row) -> bool:
    number = str(licence["licence_number"])
    return number != "无" and number in str(penalty["affected_licence"])


def _of_record(code: str | None, of_entity: str, of_person: str) -> tuple[str, str]:
    return ("legal_entity", of_entity) if code else ("person", of_person)


def _find_contradictory_lists(found: Found, rows: list[Row]) -> None:
    standing = [row for row in rows if row["stands"] == "true" and _subject(row)]
    dishonest = {_subject(row) for row in standing if row["list_type"] == "dishonest"}
    for row in standing:
        if row["list_type"] == "honoured" and _subject(row) in dishonest:
            record, rule = _of_record(row["credit_code"], "honoured_and_dishonest", "honoured_and_dishonest_person")
            found[record, rule, _subject(row)] += 1


def _find_unknown(found: Found, source: str, row: Row) -> None:
    of_entity, of_person, code, document, number = CALLED[source]
    is_person = row["subject_category"] == "person"
    stated = str(row[document if is_person else code] or "")
    form = r"\d{17}[\dX]" if is_person else r"[1-9ANY][0-9A-HJ-NPQRTUWXY]\d{6}[0-9A-HJ-NPQRTUWXY]{10}"
    # Digits alone may be somebody's number.
    is_shown = re.fullmatch(form, stated) and (is_person or not re.fullmatch(r"\d{17}[\dX]", stated))
    called = stated if is_shown else row[number] or row.get("listing_authority")
    found["person" if is_person else "legal_entity", of_person if is_person else of_entity, str(called)] += 1


def _yes_or_no(holds: object) -> str:
    return "true" if holds else "false"
