"""The quality report: counts as in the lake's tables, no personal value, pages that open from disk alone."""

from __future__ import annotations

import itertools
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import ibis
import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipelines.cli.report import register
from pipelines.declarations.element import Mask
from pipelines.lake.lake import Lake
from pipelines.project.workspace import Workspace, open_workspace
from pipelines.reports.site import build_report
from pipelines.reports.site.masked import glimpse
from pipelines.rules.verdicts import decide, verdicts_of
from pipelines.settings import Settings
from pipelines.steps.run import run
from pipelines.tables.specs import (
    RULE_RESULTS,
    conflict_spec,
    finding_spec,
    golden_spec,
    quarantine_spec,
    standard_spec,
)
from pipelines.tables.verdict import Verdict
from tests.support.chromium import Browser
from tests.support.dirty_deliveries import deliver_all, personal_values
from tests.support.html_page import Page


@dataclass
class Reported:
    """A delivered lake and its report."""

    workspace: Workspace
    index: Path

    @property
    def lake(self) -> Lake:
        return self.workspace.lake

    @property
    def site(self) -> Path:
        return self.index.parent

    @property
    def pages(self) -> list[Path]:
        return sorted(self.site.rglob("*.html"))


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reported]:
    folder = tmp_path_factory.mktemp("reported")
    chosen = Settings(lake=folder / "lake", landing=folder / "landing", settle=0)
    with open_workspace(chosen) as workspace:
        contracts = workspace.catalog.contracts
        deliver_all(chosen.landing, {name: list(contract.cells) for name, contract in contracts.items()})
        run(workspace)
        yield Reported(workspace, build_report(workspace, folder / "report"))


def number(text: str) -> int:
    return int(re.sub(r"[^0-9]", "", text))


def count(lake: Lake, rows: Any) -> int:
    return int(lake.engine.scalar(rows.count()))


def test_index_counts_rows_of_every_source_as_the_tables_hold_them(reported: Reported) -> None:
    catalog, lake = reported.workspace.catalog, reported.lake
    shown = {row["来源"]: row for row in Page(reported.index).table("来源", "责任机构", "隔离占比")}
    for contract in catalog.contracts.values():
        row = shown[contract.title]
        rejected = lake.read(quarantine_spec(catalog, contract))
        held = [batch for batch, verdict in verdicts_of(lake, contract.name).items() if verdict == "held"]
        assert number(row["隔离"]) == count(lake, rejected.filter(~rejected["_batch"].isin([*held, ""]))), contract.name
        assert number(row["合格"]) == count(lake, lake.read(standard_spec(catalog, contract))), contract.name
        assert row["责任机构"] == catalog.agencies[contract.responsible].title
    household_row = shown["户籍登记信息"]
    assert [number(household_row[name]) for name in ("批次", "记录", "合格", "隔离", "待决")] == [2, 80, 56, 4, 20]


def test_rules_are_counted_as_in_the_table_of_rule_results(reported: Reported) -> None:
    results = reported.lake.read(RULE_RESULTS)
    for name in reported.workspace.catalog.contracts:
        shown = Page(reported.site / "sources" / f"{name}.html")
        of_source = results.filter(results.source == name)
        if not count(reported.lake, of_source):
            assert "还没有判定过的批次" in shown.text
            continue
        totals = of_source.group_by("rule", "title").agg(
            broken=of_source.broken.sum(), evaluated=of_source.evaluated.sum(), batches=of_source.batch.nunique()
        )
        due = {
            f"{row['title']}{row['rule']}": (
                row["evaluated"] or 0 if row["evaluated"] is not None else row["batches"],
                row["broken"],
            )
            for row in reported.lake.engine.rows(totals)
        }
        rules = shown.table("规则", "违反", "依据标准")
        assert {row["规则"]: (number(row["检查"]), number(row["违反"])) for row in rules} == due


def test_quarantined_rows_name_place_rules_and_masked_cells(reported: Reported) -> None:
    page = Page(reported.site / "sources" / "household_registration.html")
    rows = {row["位置"]: row for row in page.table("位置", "违反的规则")}
    spec = quarantine_spec(reported.workspace.catalog, reported.workspace.catalog.contracts["household_registration"])
    assert len(rows) == reported.lake.row_count(spec.id) == 24
    wrong = rows["户籍.csv 第 5 行"]
    assert "第18位校验码应按 GB 11643 MOD 11-2 计算正确" in wrong["违反的规则"]
    assert f"公民身份号码 150102{'*' * 12}" in wrong["原文（脱敏）"]
    assert "性别 男" in wrong["原文（脱敏）"]
    assert "户籍地区划代码 150102" in wrong["原文（脱敏）"]
    assert "户籍地址 内蒙古自治区***" in wrong["原文（脱敏）"]


def test_cells_that_do_not_have_their_column_s_form_show_nothing(reported: Reported) -> None:
    page = Page(reported.site / "sources" / "household_registration.html")
    swapped = next(row for row in page.table("位置", "违反的规则") if "应为18位公民身份号码" in row["违反的规则"])
    assert "公民身份号码 ***" in swapped["原文（脱敏）"]
    assert f"姓名 {'*' * 18}" in swapped["原文（脱敏）"]


def test_every_conflict_and_finding_stands_on_the_page_of_the_agency_that_must_act(reported: Reported) -> None:
    catalog, lake = reported.workspace.catalog, reported.lake
    index = {row["机构"]: row for row in Page(reported.index).table("机构", "来源冲突")}
    shown_conflicts = shown_findings = 0
    for agency in catalog.agencies.values():
        if agency.title not in index:
            continue
        conflicts = findings = 0
        for record in catalog.records.values():
            claims, found = lake.read(conflict_spec(catalog, record)), lake.read(finding_spec(catalog, record))
            conflicts += count(
                lake, claims.filter(claims.agency == agency.name).select(*record.key, "attribute").distinct()
            )
            findings += count(lake, found.filter(found.agency == agency.name))
        row = index[agency.title]
        assert (number(row["来源冲突"]), number(row["核查发现"])) == (conflicts, findings)
        page = Page(reported.site / "agencies" / f"{agency.name}.html")
        if conflicts:
            assert sum(number(shown["冲突"]) for table in _tables(page, "属性", "冲突") for shown in table) == conflicts
        if findings:
            assert (
                sum(number(shown["记录"]) for table in _tables(page, "核查规则", "记录") for shown in table) == findings
            )
        shown_conflicts, shown_findings = shown_conflicts + conflicts, shown_findings + findings
    assert shown_conflicts >= 11  # five names, five sexes, one entity's name
    assert shown_findings >= 3  # a benefit after death, a code with two names on both sides


def _tables(page: Page, *headers: str) -> Iterator[list[dict[str, str]]]:
    for table in page.tables:
        head, *rows = table["rows"]
        if head == list(headers):
            yield [dict(zip(head, row, strict=True)) for row in rows]


def test_conflicts_say_who_says_what(reported: Reported) -> None:
    page = Page(reported.site / "agencies" / "floating_population_service.html")
    sexes = [row for row in page.table("公民身份号码", "采用的值") if row["属性"] == "性别"]
    assert len(sexes) == 5
    assert {row["采用的值"].split("户籍")[0] for row in sexes} == {"1（男）", "2（女）"}
    assert all("居住证" in row["不一致的值"] for row in sexes)
    assert all(row["公民身份号码"] == "150102" + "*" * 12 for row in sexes)


def test_foundation_counts_are_those_of_its_tables(reported: Reported) -> None:
    catalog = reported.workspace.catalog
    shown = {row["基准记录"]: row for row in Page(reported.index).table("基准记录")}
    for record in catalog.records.values():
        assert number(shown[record.title]["记录"]) == reported.lake.row_count(golden_spec(catalog, record).id)
        assert number(shown[record.title]["核查发现"]) == reported.lake.row_count(finding_spec(catalog, record).id)


def test_held_batches_say_why_and_how_to_decide(reported: Reported) -> None:
    text = Page(reported.index).text
    held = [batch for batch, verdict in verdicts_of(reported.lake).items() if verdict == "held"]
    assert len(held) == 2
    for batch in held:
        assert f"huiliu gate reject {batch} --lake {reported.lake.root}" in text
    unreadable = next(batch for batch in held if batch.startswith("death_registration"))
    assert f"gate release {unreadable}" not in text
    assert "隔离记录不应既达到 5 条、又超过 30%" in text
    assert "文件应完整且可读取" in text


def test_no_personal_value_stands_anywhere_in_the_site(reported: Reported) -> None:
    values = personal_values()
    for path in reported.site.rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            leaked = sum(value in text for value in values)
            assert leaked == 0, f"{leaked} values in {path.name}"


def test_pages_load_nothing_from_the_network(reported: Reported) -> None:
    for path in reported.pages:
        page = Page(path)
        assert not [load for load in page.loads if re.match(r"(?i)(https?:)?//", load)], path.name
        assert not [link for link in page.links if re.match(r"(?i)(https?:)?//", link)], path.name
    for path in reported.site.rglob("*.css"):
        assert not re.search(r"(?i)@import|url\(", path.read_text(encoding="utf-8")), path.name


def test_every_link_leads_somewhere(reported: Reported) -> None:
    ids = {path.resolve(): set(Page(path).ids) for path in reported.pages}
    for path in reported.pages:
        page = Page(path)
        for link in [*page.links, *(load for load in page.loads if not load.startswith("data:"))]:
            place, _, fragment = link.partition("#")
            target = (path.parent / unquote(place)).resolve() if place else path.resolve()
            assert target.is_file(), f"{path.name}: {link}"
            assert not fragment or unquote(fragment) in ids[target], f"{path.name}: {link}"


def test_pages_are_accessible_by_their_structure(reported: Reported) -> None:
    for path in (path for path in reported.pages if "data_docs" not in path.parts):
        page = Page(path)
        assert page.language == "zh-CN"
        assert page.links[0] == "#content"
        assert "content" in page.ids
        assert page.headings[0] == 1
        assert page.headings.count(1) == 1
        assert all(after - before <= 1 for before, after in itertools.pairwise(page.headings)), path.name
        assert all(table["caption"] for table in page.tables), path.name
        assert page.headers_without_scope == 0, path.name
        assert len(page.ids) == len(set(page.ids)), path.name


def test_a_report_of_an_unchanged_lake_rewrites_nothing(reported: Reported) -> None:
    own = [path for path in reported.site.rglob("*") if path.is_file() and "data_docs" not in path.parts]
    for path in own:
        os.utime(path, (1, 1))
    build_report(reported.workspace, reported.site)
    assert [path.name for path in own if path.stat().st_mtime != 1] == []


def test_pages_of_sources_that_are_no_more_are_removed_and_other_files_stay(reported: Reported) -> None:
    known = reported.site / "sources" / "market_entity.html"
    gone, foreign = known.with_name("gone.html"), known.with_name("notes.html")
    gone.write_bytes(known.read_bytes())
    foreign.write_text("<p>written by somebody else</p>", encoding="utf-8")
    build_report(reported.workspace, reported.site)
    assert (gone.exists(), foreign.exists(), known.exists()) == (False, True, True)
    foreign.unlink()


def test_a_decision_is_shown_with_its_reason(reported: Reported, tmp_path: Path) -> None:
    verdicts = verdicts_of(reported.lake)
    unreadable = next(b for b, v in verdicts.items() if v == "held" and b.startswith("death_registration"))
    decide(reported.lake, unreadable, Verdict.REJECTED, "空文件 <请重报>")
    index = build_report(reported.workspace, tmp_path / "decided")
    assert unreadable not in Page(index).text
    page = Page(index.parent / "sources" / "death_registration.html")
    assert "已退回，理由： 空文件 <请重报>" in page.text


def test_a_lake_without_deliveries_gives_a_page_that_says_so(tmp_path: Path) -> None:
    with open_workspace(Settings(lake=tmp_path / "lake", landing=tmp_path / "landing")) as workspace:
        page = Page(build_report(workspace, tmp_path / "report"))
    assert "还没有收到任何数据" in page.text
    assert (tmp_path / "report" / "sources" / "market_entity.html").is_file()


def test_the_verb_writes_the_report_and_says_where(reported: Reported, tmp_path: Path) -> None:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    done = CliRunner().invoke(app, ["report", "--out", str(tmp_path / "out"), "--lake", str(reported.lake.root)])
    assert done.exit_code == 0
    assert "index.html" in done.stdout
    assert Page(tmp_path / "out" / "index.html").headings[0] == 1


@settings(max_examples=25, deadline=None)
@given(
    values=st.lists(st.text("张三0123456789X𠮷 ", max_size=60), min_size=1, max_size=20),
    first=st.integers(0, 20),
    last=st.integers(0, 20),
)
def test_a_glimpse_shows_at_most_a_third_and_no_more_than_the_mask_keeps(
    values: list[str], first: int, last: int
) -> None:
    table = ibis.memtable({"value": values})
    masked = glimpse(table.value, Mask(keep_first=first, keep_last=last))
    for row in table.select("value", masked=masked).execute().to_dict("records"):
        readable = len(row["masked"].replace("*", ""))
        assert readable <= min(len(row["value"]) // 3, first + last)
        assert len(row["masked"]) <= len(row["value"])


@pytest.mark.browser
@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_pages_open_in_a_browser_from_disk(reported: Reported, tmp_path: Path) -> None:
    browser = Browser(tmp_path / "profile")
    try:
        browser.ask("Emulation.setDeviceMetricsOverride", width=1280, height=800, deviceScaleFactor=1, mobile=False)
        for domain in ("Page", "Runtime", "Log", "Network"):
            browser.ask(f"{domain}.enable")
        for path in (path for path in reported.pages if "data_docs" not in path.parts):
            browser.events.clear()
            browser.ask("Page.navigate", url=path.as_uri())
            browser.wait("Page.loadEventFired")
            answer = browser.ask("Runtime.evaluate", expression="document.documentElement.scrollWidth")
            assert answer["result"]["value"] <= 1280, path.name
            methods = [event["method"] for event in browser.events]
            assert not {"Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"} & set(methods), (
                path.name
            )
            asked = [
                event["params"]["request"]["url"]
                for event in browser.events
                if event["method"] == "Network.requestWillBeSent"
            ]
            assert asked, path.name
            assert all(url.startswith(("file:", "data:")) for url in asked), path.name
    finally:
        browser.close()
