"""2,000 really registered enterprises, landed as they are: nothing is rejected and not a character is lost."""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from pipelines.steps.return_flow import flows
from pipelines.steps.run import Run, run
from pipelines.tables.specs import BATCHES, golden_spec
from tests.support.deliveries import deliver
from tests.support.place import PROJECT, Opened, Place

REAL = PROJECT.parent / "shared/data/market_entity_real_sample.csv"
pytestmark = pytest.mark.skipif(not REAL.exists(), reason="the real sample is no part of the project")

SOURCE = "market_entity"
ROWS = 2_000
NO_VALUE = "N/A"
# How the register writes its names of cities, and GB/T 2260's codes.
CITIES = {
    "呼和浩特": "150100",
    "包头": "150200",
    "乌海": "150300",
    "赤峰": "150400",
    "通辽": "150500",
    "鄂尔多斯": "150600",
    "呼伦贝尔": "150700",
    "巴彦淖尔": "150800",
    "乌兰察布": "150900",
    "兴安": "152200",
    "锡林郭勒": "152500",
    "阿拉善": "152900",
}


@dataclass(frozen=True)
class Landed:
    """The lake after a run, and the file as Python's csv module reads it."""

    at: Opened
    done: Run
    sent: list[dict[str, str]]
    raw: list[dict[str, Any]]
    standard: dict[int, dict[str, Any]]

    def cells(self, header: str) -> list[str | None]:
        """A column of raw in the file's order."""
        column = self.at.workspace.catalog.contracts[SOURCE].cells[header]
        return [row[column] for row in sorted(self.raw, key=lambda row: row["_row"])]


@pytest.fixture(scope="module")
def landed(place: Place) -> Iterator[Landed]:
    deliver(place.landing, SOURCE, REAL.name, REAL.read_bytes())
    with place.opened() as at:
        done = run(at.workspace)
        with REAL.open(encoding="utf-8-sig", newline="") as lines:
            sent = list(csv.DictReader(lines))
        standard = {row["_row"]: row for row in at.standard(SOURCE)}
        yield Landed(at, done, sent, at.raw(SOURCE), standard)


def capital(cell: str) -> tuple[Decimal, str] | tuple[None, None]:
    """Amount in the main unit and currency of a cell such as `3,000(万)` or `6.0600(万美元)`."""
    if cell == NO_VALUE:
        return None, None
    figure = re.match(r"[0-9,.]+", cell)
    assert figure is not None
    amount = Decimal(figure[0].replace(",", "")) * (10_000 if "万" in cell else 1)
    return amount, "USD" if "美元" in cell else "CNY"


def test_not_one_row_is_rejected(landed: Landed) -> None:
    assert [problem.column for problem in landed.done.problems] == ["更新时间"], "which open lists do not have"
    (judged,) = landed.done.standardised[SOURCE].judged
    assert (judged.verdict, judged.rows, judged.accepted, judged.quarantined) == ("passed", ROWS, ROWS, 0)
    assert landed.at.quarantine(SOURCE) == []
    assert len(landed.standard) == len(landed.sent) == ROWS


def test_only_unknown_regions_are_flagged(landed: Landed) -> None:
    flags = Counter(flag for row in landed.standard.values() for flag in row["_flags"] or [])
    assert set(flags) == {"credit_code.region", "version.stated"}
    assert flags["version.stated"] == ROWS
    assert 0 < flags["credit_code.region"] < ROWS / 10


def test_every_cell_in_raw_is_what_was_sent(landed: Landed) -> None:
    assert sorted(row["_row"] for row in landed.raw) == list(range(2, ROWS + 2))
    for header in landed.sent[0]:
        assert landed.cells(header) == [row[header] for row in landed.sent]
    assert {(row["_extra"], row["_damage"], row["_undecodable"]) for row in landed.raw} == {(None, None, None)}


def test_the_original_file_is_kept_by_its_hash(landed: Landed, place: Place) -> None:
    content = REAL.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    assert (place.lake / "raw/_files" / f"{sha256}.csv").read_bytes() == content
    (batch,) = landed.at.rows(BATCHES)
    assert (batch["sha256"], batch["file"], batch["bytes"]) == (sha256, REAL.name, len(content))
    assert (batch["rows"], batch["header"]) == (ROWS, list(landed.sent[0]))


def test_registered_capital_has_amount_and_currency_wherever_there_is_one(landed: Landed) -> None:
    due = {at: capital(row["注册资金"]) for at, row in enumerate(landed.sent, 2)}
    read = {at: (row["registered_capital"], row["capital_currency"]) for at, row in landed.standard.items()}
    assert read == due
    assert {currency for _, currency in due.values()} == {None, "CNY", "USD"}
    assert sum(amount is not None for amount, _ in due.values()) > ROWS / 2


@pytest.mark.parametrize(
    ("sent", "amount", "currency"),
    [
        ("3,000(万)", 30_000_000, "CNY"),
        ("86.7万人民币", 867_000, "CNY"),
        ("641.1000(万人民币元)", 6_411_000, "CNY"),
        ("5,000,000(人民币元)", 5_000_000, "CNY"),
        ("28,000(万元人民币)", 280_000_000, "CNY"),
        ("500万元人民币", 5_000_000, "CNY"),
        ("100万人民币元", 1_000_000, "CNY"),
        ("6.0600(万美元)", 60_600, "USD"),
        ("N/A", None, None),
    ],
)
def test_spellings_of_capital(landed: Landed, sent: str, amount: int | None, currency: str | None) -> None:
    rows = [landed.standard[at] for at, row in enumerate(landed.sent, 2) if row["注册资金"] == sent]
    assert rows
    assert {(row["registered_capital"], row["capital_currency"]) for row in rows} == {(amount, currency)}


def test_each_enterprise_has_its_golden_record(landed: Landed) -> None:
    catalog = landed.at.workspace.catalog
    golden = landed.at.rows(golden_spec(catalog, catalog.records["legal_entity"]))
    names = {row["credit_code"]: row["entity_name"] for row in golden}
    assert len(golden) == ROWS
    assert names == {row["统一社会信用代码"]: row["企业名称"] for row in landed.sent}


def test_each_city_gets_back_the_enterprises_that_name_it(landed: Landed) -> None:
    catalog = landed.at.workspace.catalog
    golden = golden_spec(catalog, catalog.records["legal_entity"])
    due = Counter(CITIES[row["地区"]] for row in landed.sent)
    returned = next(flow.returned for flow in flows(landed.at.workspace) if flow.spec.id == golden.id)
    back = landed.at.rows(returned)
    assert all(row["registered_region"] == row["city"] for row in back)
    assert Counter(row["city"] for row in back) == due
    assert len(back) == ROWS
