"""What the e-licence database must hold: versions with what comes before and after, states, holders, and findings."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

from simulation.truth.credit import LICENCE, PENALTY, REVOKING, VALID, publication_rows
from simulation.truth.derived import Columns
from simulation.truth.standing import Standing
from simulation.truth.writing import Truth
from simulation.world.block import World
from simulation.world.places import city_of

SOURCE = "e_license"
# GB/T 36904: an identifier ends in `.<version 3>.<check 1>`; GB 32100: 3–8 are the region.
_VERSION_AND_CHECK, _REGION = 6, slice(2, 8)
_TYPES = Path(__file__).resolve().parents[2] / "catalog" / "codes" / "license_type.csv"
IN_FORCE, OUT_OF_FORCE, OVER = "01", ("03", "04", "05", "07"), ("withdrawn", "repaired")
MOST_LICENSES = 8
ELSEWHERE = ("099", "154", "414", "511", "516", "553", "999")  # codes by which no register knows anybody
PERSONS = ("111", "154", "414", "511", "516", "553", "999")
HOLDER = ("credit_code", "id_number", "method", "candidates", "subject_region")
Row = dict[str, str | None]


def license_of(identifier: str) -> str:
    return identifier[:-_VERSION_AND_CHECK]


def version_of(identifier: str) -> int:
    return int(identifier[-5:-2])


@dataclass
class Versions:
    """All versions that stand, by identifier, each as its row says."""

    rows: dict[str, Row] = field(default_factory=dict)

    @cached_property
    def numbered(self) -> dict[tuple[str, int], str]:
        return {(license_of(name), version_of(name)): name for name in self.rows}

    @cached_property
    def successors(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for name in self.rows:
            if before := self.known_before(name):
                found[before].append(name)
        return {name: sorted(after) for name, after in found.items()}

    @cached_property
    def current(self) -> list[Row]:
        """Of each licence the highest version."""
        last: dict[str, str] = {}
        for name in sorted(self.rows, key=version_of):
            last[license_of(name)] = name
        return [self.rows[name] for name in last.values()]

    def numbered_before(self, name: str) -> str | None:
        return self.numbered.get((license_of(name), version_of(name) - 1))

    def before(self, name: str) -> str | None:
        return self.rows[name]["predecessor"] or self.numbered_before(name)

    def known_before(self, name: str) -> str | None:
        before = self.before(name)
        return before if before in self.rows else None

    def state_before(self, name: str) -> str:
        if not self.rows[name]["predecessor"] and version_of(name) <= 1:
            return "none"
        return "found" if self.known_before(name) else "missing"

    def run(self, name: str) -> tuple[str, int]:
        """The first of the versions that follow each other by number until this one, and how many they are."""
        place = 1
        while (before := self.known_before(name)) and before == self.numbered_before(name):
            name, place = before, place + 1
        return name, place

    def root(self, name: str) -> tuple[str, int] | None:
        """The version that the chain goes back to, and how many versions that makes; None if it goes too far."""
        first, number = self.run(name)
        for _ in range(MOST_LICENSES + 1):
            before = self.known_before(first)
            if before is None:
                return first, number
            first, place = self.run(before)
            number += place
        return None

    def is_endless(self, name: str) -> bool:
        return self.root(name) is None


def versions_of(register: Standing) -> Versions:
    columns = register.columns() | {name: [register.table.meant[name][row] for row in register.rows] for name in HOLDER}
    rows = (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))
    return Versions({str(row["license_identifier"]): row for row in rows})


def licenses_due(truth: Truth, register: Standing) -> None:
    """The tables of e-licences, and what of them flows back."""
    versions = versions_of(register)
    truth.table("foundation/e_license/license_type", _types())
    names = [name for name in register.columns() if name != "license_identifier"]
    current = [
        {
            "license": _license(row),
            "version": str(version_of(str(row["license_identifier"]))),
            "license_identifier": row["license_identifier"],
            "issue_region": _region(row),
            **{name: row[name] for name in names},
        }
        for row in versions.current
    ]
    _table(truth, "current_license", ("license",), current)
    _table(truth, "license_version", ("license", "license_identifier"), [_version(versions, n) for n in versions.rows])
    _table(truth, "license_chain", ("license", "license_identifier"), [_chained(versions, n) for n in versions.rows])
    _table(truth, "license_status", ("license", "license_identifier", "valid_from"), list(_statuses(versions)))
    _table(truth, "license_holder", ("license",), [_held(row) for row in versions.current], "holder_region")


def _table(truth: Truth, name: str, key: Sequence[str], rows: Sequence[Row], *regions: str) -> None:
    due: Columns = {column: [row[column] for row in rows] for column in rows[0]}
    truth.table(f"foundation/e_license/{name}", due)
    places = [
        next((row[region] for region in (*regions, "issue_region") if city_of(row[region])), None) for row in rows
    ]
    truth.returned(f"e_license/{name}", places, {column: due[column] for column in key})


def _license(row: Row) -> str:
    return license_of(str(row["license_identifier"]))


def _region(row: Row) -> str:
    return str(row["issuer_code"])[_REGION]


def _types() -> Columns:
    with _TYPES.open(encoding="utf-8", newline="") as file:
        entries = list(csv.DictReader(file))
    return {
        "type_code": [entry["code"] for entry in entries],
        "type_name": [entry["title"] for entry in entries],
        "definer_code": [entry["code"][:18] for entry in entries],
        **{name: [entry[name] for entry in entries] for name in ("issuer_kind", "holder_kind", "validity", "basis")},
        "is_verified": ["true" if entry["verified"] == "是" else "false" for entry in entries],
    }


def _named(versions: Versions, name: str) -> Row:
    after = versions.successors.get(name, [])
    return {
        "license": license_of(name),
        "license_identifier": name,
        "version": str(version_of(name)),
        "issue_region": _region(versions.rows[name]),
        "predecessor": versions.before(name),
        "predecessor_state": versions.state_before(name),
        "successor": after[0] if after else None,
        "successors": str(len(after)),
    }


def _version(versions: Versions, name: str) -> Row:
    first, place = versions.run(name)
    before = versions.known_before(name) if name == first else None
    run_before = versions.run(before) if before else None
    return _named(versions, name) | {
        "run": first,
        "run_place": str(place),
        "run_before": run_before and run_before[0],
        "run_before_place": run_before and str(run_before[1]),
    }


def _chained(versions: Versions, name: str) -> Row:
    root = versions.root(name)
    if root is None:
        return _named(versions, name) | {"root": None, "number": None, "chain_end": "endless"}
    end = "missing" if versions.state_before(root[0]) == "missing" else "first"
    return _named(versions, name) | {"root": root[0], "number": str(root[1]), "chain_end": end}


def _statuses(versions: Versions) -> Iterable[Row]:
    by_license: dict[str, list[str]] = defaultdict(list)
    for name in sorted(versions.rows, key=version_of):
        by_license[license_of(name)].append(name)
    for names in by_license.values():
        begins = [str(versions.rows[name]["valid_from"] or versions.rows[name]["issued_on"]) for name in names]
        for name, first, replaced in zip(names, begins, [*begins[1:], None], strict=True):
            row = versions.rows[name]
            changed = None if row["state"] == IN_FORCE else str(row["updated_at"])[:10]
            until = replaced and _day_before(replaced)
            ends = [end for end in (row["valid_to"], until, changed and _day_before(changed)) if end]
            yield from _period(row, IN_FORCE, first, min(ends, default=None))
            if changed:
                yield from _period(row, str(row["state"]), max(changed, first), until)


def _period(row: Row, state: str, first: str, last: str | None) -> Iterable[Row]:
    if last is None or first <= last:
        copied = ("license_identifier", "type_code", "type_name", "license_number", "issuer", "holder_name")
        yield {
            "license": _license(row),
            "version": str(version_of(str(row["license_identifier"]))),
            "issue_region": _region(row),
            **{name: row[name] for name in (*copied, "holder_code")},
            "state": state,
            "valid_from": first,
            "valid_to": last,
        }


def _day_before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()


def _held(row: Row) -> Row:
    copied = ("license_identifier", "type_code", "type_name", "license_number", "valid_to", "state", "holder_name")
    return {
        "license": _license(row),
        "issue_region": _region(row),
        **{name: row[name] for name in (*copied, "holder_code", "holder_code_type", *HOLDER[:-1])},
        "holder_region": row["subject_region"],
    }


def licenses_held(register: Standing) -> list[tuple[str, str, str]]:
    """Number, holder and state of each e-licence whose holder is known, as its latest version has it."""
    return [
        (str(row["license_number"]), str(row["credit_code"] or row["id_number"]), str(row["state"]))
        for row in versions_of(register).current
        if row["credit_code"] or row["id_number"]
    ]


def license_findings_due(truth: Truth, standings: Iterable[Standing], world: World) -> None:
    """What is found of e-licences."""
    by_source = {standing.table.source: standing for standing in standings}
    versions = versions_of(by_source[SOURCE])
    found: Counter[tuple[str, str, str]] = Counter()
    for name, row in versions.rows.items():
        record, suffix = ("person", "_of_person") if _is_of_person(row) else ("legal_entity", "")
        subject = _stated(row)
        if versions.state_before(name) == "missing":
            found[record, f"license{suffix}_predecessor_missing", subject] += 1
        before = versions.known_before(name)
        if before and len(versions.successors[before]) > 1:
            found[record, f"license{suffix}_succeeded_twice", subject] += 1
        if versions.is_endless(name):
            found[record, f"license_chain{suffix}_endless", subject] += 1
    for row in versions.current:
        _find_holder(found, row, world)
    _find_published(found, versions.current, by_source)
    for (record, rule, subject), times in found.items():
        truth.finding(record, rule, subject, rows=times)


def _is_of_person(row: Row) -> bool:
    kind, is_number = row["holder_code_type"], re.fullmatch(r"\d{17}[\dX]", str(row["holder_code"]))
    return kind in PERSONS or (kind not in ("001", "099") and is_number is not None)


def _stated(row: Row) -> str:
    """The holder's code where it has the form of one, else the licence's identifier."""
    code = str(row["holder_code"])
    is_number = re.fullmatch(r"\d{17}[\dX]", code) is not None
    is_code = re.fullmatch(r"[1-9ANY][0-9A-HJ-NPQRTUWXY]\d{6}[0-9A-HJ-NPQRTUWXY]{10}", code) is not None
    is_shown = is_number if _is_of_person(row) else is_code and not is_number
    return code if is_shown else str(row["license_identifier"])


def _find_holder(found: Counter[tuple[str, str, str]], row: Row, world: World) -> None:
    code, number = row["credit_code"], row["id_number"]
    if not code and not number and row["holder_code_type"] not in ELSEWHERE:
        is_person = _is_of_person(row)
        rule = "license_person_unknown" if is_person else "license_holder_unknown"
        found["person" if is_person else "legal_entity", rule, _stated(row)] += 1
    if row["state"] != IN_FORCE:
        return
    organisations, people = world.organisations, world.people
    if code and organisations.state[organisations.credit_code.index(code)] != "1":
        found["legal_entity", "license_of_ended_entity", code] += 1
    if number and people.died[people.id_number.index(number)] >= 0:
        found["person", "license_of_dead_person", number] += 1


def _find_published(
    found: Counter[tuple[str, str, str]], licenses: Sequence[Row], by_source: dict[str, Standing]
) -> None:
    published, penalties = (publication_rows(by_source[source]) for source in (LICENCE, PENALTY))
    revoking = [
        row
        for row in penalties
        if REVOKING in str(row["penalty_category"]).split(";")
        and "吊销" in str(row["content"])
        and row["state"] not in OVER
    ]
    in_force = {(row["license_number"], _holder(row)) for row in licenses if row["state"] == IN_FORCE}
    stated: dict[tuple[str | None, str], set[str | None]] = defaultdict(set)
    for row in published:
        stated[row["licence_number"], _holder(row)].add(row["state"])
    for row in licenses:
        holder, number = _holder(row), row["license_number"]
        if not holder:
            continue
        record, suffix = ("person", "_of_person") if row["id_number"] else ("legal_entity", "")
        states, is_valid = stated[number, holder], row["state"] == IN_FORCE
        is_revived = is_valid and states and VALID not in states
        is_ended = row["state"] in OUT_OF_FORCE and VALID in states and (number, holder) not in in_force
        if is_revived or is_ended:
            found[record, f"e_license{suffix}_unlike_publication", holder] += 1
        if is_valid and any(_holder(row) == holder and str(number) in str(row["affected_licence"]) for row in revoking):
            found[record, f"revoked_e_license{suffix}_still_valid", holder] += 1


def _holder(row: Row) -> str:
    return row["credit_code"] or row["id_number"] or ""
