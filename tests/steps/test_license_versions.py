"""Versions of e-licences from delivery to what users read: chains, states over time, holders, and what is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pytest

from pipelines.modelling import valid_on
from pipelines.reports.analyst_file import write_analyst_file
from pipelines.steps.inputs import table_spec
from simulation.checksums import credit_code
from simulation.licenses import ORGANISATION, Holder, stream, with_serial, with_version
from tests.support.deliveries import Delivered, Row, death, household, name_of, person_id
from tests.support.place import Opened, Place

pytestmark = pytest.mark.whole_lake

KNOWN, LATE, ENDED, NOBODY = (credit_code("9", "1", "150402", f"{52_000_000 + at}") for at in range(4))
MAN, DEAD = 31, 33
TABLES = ("license_version", "license_chain", "license_status", "license_holder")
FINDINGS = ("legal_entity_finding", "person_finding")
MISSING = "电子证照的前一版本未见（未交付、被隔离或已撤回）"


def company(code: str) -> str:
    return f"赤峰{code[8:16]}有限公司"


def licenses(seed: int, *holders: Holder) -> list[Row]:
    return list(islice(stream(seed, 40, holders=holders or [Holder(KNOWN, company(KNOWN), ORGANISATION)]), 40))


def lasting(row: Row, **cells: str) -> Row:
    return {**row, "证照有效期起始日期": "2024-01-01", "证照有效期截止日期": "2029-12-31", **cells}


def version(row: Row, number: int, **cells: str) -> Row:
    return {**row, "证照标识": with_version(row["证照标识"], number), **cells}


def after(row: Row, serial: str, **cells: str) -> Row:
    """Another licence, which names the one before it."""
    other = with_serial(row["证照标识"], serial)
    return {**row, "证照标识": other, "关联证照标识": row["证照标识"], **cells}


def changed(row: Row, day: str, **cells: str) -> Row:
    return {**row, "更新时间": f"2026-07-{day} 08:00:00", **cells}


RENEWED, GAP, FORKED, CIRCLE, CUT, REVOKED, ABSENT, *_ = (lasting(row) for row in licenses(21))
OF_LATE, OF_ENDED, OF_NOBODY = (
    lasting(licenses(seed, Holder(code, company(code), ORGANISATION))[0])
    for seed, code in ((22, LATE), (23, ENDED), (24, NOBODY))
)
OF_DEAD = lasting(licenses(25, Holder(person_id(DEAD), name_of(DEAD)))[0])
BY_PASSPORT = {
    **licenses(26, Holder(person_id(MAN), name_of(MAN)))[0],
    "持证主体代码类型": "护照号码",
    "持证主体代码": "E12345678",
}
SECOND = version(RENEWED, 2, 证照有效期起始日期="2025-01-01")
THIRD = after(SECOND, "N1", 证照有效期起始日期="2026-01-01")
ONE_BRANCH, OTHER_BRANCH = after(FORKED, "A1"), after(FORKED, "B1")
BACK = after(CIRCLE, "Z1")
LINE = [CUT]
for place in range(5):
    LINE.append(after(LINE[-1], f"L{place}"))
ORPHAN = {**ABSENT, "关联证照标识": with_serial(ABSENT["证照标识"], "GONE")}
FIRST = [
    *(RENEWED, SECOND, THIRD, version(GAP, 3), FORKED, ONE_BRANCH, CIRCLE, BACK, *LINE, REVOKED, ORPHAN),
    *(OF_LATE, OF_ENDED, OF_NOBODY, OF_DEAD, BY_PASSPORT),
]
LATER = [
    version(GAP, 2),
    version(GAP, 1),
    OTHER_BRANCH,
    changed(CIRCLE, "02", 关联证照标识=BACK["证照标识"]),
    changed(LINE[1], "02", 操作标志="D"),
    changed(REVOKED, "02", 证照状态="吊销"),
]


def market(code: str, state: str = "存续") -> Row:
    cells = {"统一社会信用代码": code, "企业名称": company(code), "登记状态": state, "地区": "150402"}
    return cells | {"更新时间": "2026-01-01 08:00:00"}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(tmp_path_factory.mktemp("licenses"))
    deliveries = [
        Delivered("household_registration", "1.csv", [household(MAN), household(DEAD)]),
        Delivered("death_registration", "1.csv", [death(DEAD)]),
        Delivered("market_entity", "1.csv", [market(KNOWN), market(ENDED, "注销")]),
        Delivered("e_license", "1.jsonl", FIRST),
    ]
    for delivered in deliveries:
        delivered.write(place.landing)
    place.run()
    Delivered("market_entity", "2.csv", [market(LATE)]).write(place.landing)
    Delivered("e_license", "2.jsonl", LATER).write(place.landing)
    place.run()
    return place


def rows(at: Opened, table: str) -> list[dict[str, Any]]:
    return at.rows(table_spec(at.workspace, table))


def by_identifier(place: Place, table: str) -> Callable[[Row], dict[str, Any]]:
    with place.opened() as at:
        found = {row["license_identifier"]: row for row in rows(at, table)}
    return lambda row: found[row["证照标识"]]


def test_chains_go_back_over_versions_and_licences(lake: Place) -> None:
    chain = by_identifier(lake, "license_chain")
    places = [(chain(row)["root"], chain(row)["number"]) for row in (RENEWED, SECOND, THIRD)]
    assert places == [(RENEWED["证照标识"], number) for number in (1, 2, 3)]
    assert chain(SECOND)["successor"] == THIRD["证照标识"]
    assert (chain(version(GAP, 3))["root"], chain(version(GAP, 3))["number"]) == (version(GAP, 1)["证照标识"], 3)
    assert [(chain(row)["number"], chain(row)["chain_end"]) for row in LINE[2:]] == [
        (number, "missing") for number in (1, 2, 3, 4)
    ]
    assert {chain(row)["chain_end"] for row in (CIRCLE, BACK)} == {"endless"}
    assert chain(FORKED)["successors"] == 2


def test_what_is_wrong_with_chains_and_holders_is_found(lake: Place) -> None:
    with lake.opened() as at:
        found = {(row["rule"], row["subject"]) for table in FINDINGS for row in rows(at, table)}
    assert {(rule, subject) for rule, subject in found if rule.startswith("license")} == {
        ("license_predecessor_missing", KNOWN),
        ("license_succeeded_twice", KNOWN),
        ("license_chain_endless", KNOWN),
        ("license_holder_unknown", NOBODY),
        ("license_of_ended_entity", ENDED),
        ("license_of_dead_person", person_id(DEAD)),
    }


def test_holders_are_those_of_whom_registers_tell_by_now(lake: Place) -> None:
    held = by_identifier(lake, "license_holder")
    assert (held(OF_LATE)["credit_code"], held(OF_LATE)["method"]) == (LATE, "credit_code")
    assert (held(OF_NOBODY)["credit_code"], held(OF_NOBODY)["method"]) == (None, None)
    assert (held(BY_PASSPORT)["id_number"], held(BY_PASSPORT)["method"]) == (None, None)


def test_a_state_lasts_from_day_to_day(lake: Place) -> None:
    with lake.opened() as at:
        found = [row for row in rows(at, "license_status") if row["license_identifier"] == REVOKED["证照标识"]]
    assert sorted((row["state"], row["valid_from"], row["valid_to"]) for row in found) == [
        ("01", date(2024, 1, 1), date(2026, 7, 1)),
        ("07", date(2026, 7, 2), None),
    ]


def test_who_asks_for_a_day_gets_what_was_in_force_then(lake: Place, tmp_path: Path) -> None:
    wanted = {2023: set(), 2024: {1}, 2025: {2}, 2029: {2}, 2030: set()}
    with lake.opened() as at:
        out = tmp_path / "huiliu.duckdb"
        write_analyst_file(at.workspace, out, portable=True)
        table = at.workspace.lake.read(table_spec(at.workspace, "license_status"))
        spoken = {year: at.workspace.lake.engine.rows(valid_on(table, ibis.date(f"{year}-06-01"))) for year in wanted}
    license = RENEWED["证照标识"][:-6]
    with duckdb.connect(out, read_only=True) as file:
        for year, versions in wanted.items():
            query = f"SELECT version FROM e_license.valid_on('{year}-06-01') WHERE license = '{license}'"
            assert {number for (number,) in file.execute(query).fetchall()} == versions
            assert {row["version"] for row in spoken[year] if row["license"] == license} == versions


def test_an_agency_reads_of_a_predecessor_that_never_came(lake: Place) -> None:
    """On the page of the agency that issued it, and of no other."""
    assert lake.huiliu("report", "--out", "report").returncode == 0
    pages = {page.stem: page.read_text("utf-8") for page in (lake.folder / "report" / "agencies").glob("*.html")}
    kinds = {"市场监督管理局": "market_regulation", "交通运输局": "transport", "住房和城乡建设局": "housing"}
    due = {
        f"{kind}_{row['证照颁发机构代码'][2:8]}"
        for row in (ORPHAN, LINE[2])
        for office, kind in kinds.items()
        if row["证照颁发机构"].endswith(office)
    }
    assert {agency for agency, page in pages.items() if MISSING in page} == due


def test_step_by_step_comes_to_the_same_as_all_at_once(lake: Place) -> None:
    at_once = replace(lake, lake_name="rebuilt")
    at_once.run()
    with lake.opened() as stepwise, at_once.opened() as whole:
        for table in (*TABLES, *FINDINGS):
            assert ordered(rows(stepwise, table)) == ordered(rows(whole, table)), table


def ordered(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(found, key=lambda row: str(sorted(row.items(), key=lambda cell: cell[0])))
