"""The data dictionary: every table and column is in it with what it means and comes from, and it can be searched."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.reports.site.words import minute
from pipelines.steps.tables import all_tables
from pipelines.tables.specs import BATCHES
from tests.support.chromium import Browser
from tests.support.dirty_report import PEOPLE, DirtyReport
from tests.support.html_page import Page

HEADER = ("列", "名称", "含义", "类型", "代码表", "级别", "来源")


@pytest.fixture(scope="module")
def page(dirty_report: DirtyReport) -> Page:
    return dirty_report.pages["dictionary.html"]


@pytest.fixture(scope="module")
def tables(page: Page) -> dict[str, list[dict[str, str]]]:
    """The rows of each table by its place in the lake."""
    listed = [table for table in page.tables if tuple(table["rows"][0]) == HEADER]
    return {
        table["caption"].partition("：")[0]: [dict(zip(HEADER, row, strict=True)) for row in table["rows"][1:]]
        for table in listed
    }


def test_every_table_and_column_is_there_in_its_order(
    dirty_report: DirtyReport, page: Page, tables: dict[str, list[dict[str, str]]]
) -> None:
    specs = all_tables(dirty_report.workspace)
    listed = [table for table in page.tables if tuple(table["rows"][0]) == HEADER]
    assert len(listed) == len(specs)
    named = {spec.id.path: [*spec.names] for spec in specs}
    for place, rows in tables.items():
        assert [row["列"].removesuffix(" 主键") for row in rows] == named[place], place
    assert {f"table-{spec.id.path.replace('/', '-')}" for spec in specs} <= set(page.ids)


def column(tables: dict[str, list[dict[str, str]]], table: str, name: str) -> dict[str, str]:
    return next(row for row in tables[table] if row["列"].split()[0] == name)


def test_a_column_says_what_it_means_how_protected_it_is_and_where_it_comes_from(
    tables: dict[str, list[dict[str, str]]],
) -> None:
    key = column(tables, "foundation/person/person", "id_number")
    assert (key["列"], key["级别"]) == ("id_number 主键", "敏感个人信息")
    assert key["含义"].startswith("公民身份号码")
    sex = column(tables, "foundation/person/person", "sex")
    assert (sex["类型"], sex["代码表"]) == ("文本", "sex")
    assert "户籍" in sex["来源"]
    assert "standard/residence_permit" in sex["来源"]
    assert column(tables, "foundation/person/person", "birth_date")["类型"] == "日期"
    returned = column(tables, "returns/person/person", "sex")
    assert returned["来源"] == "自然人基本信息：sexfoundation/person/person"
    disputed = column(tables, "foundation/person/conflict", "value")
    assert disputed["来源"]
    raw = tables[f"raw/{PEOPLE}"]
    assert {row["来源"] for row in raw} == {"平台写入", "按交付原样"}


def test_a_table_says_how_fresh_it_is_and_its_highest_grade(dirty_report: DirtyReport, page: Page) -> None:
    text = page.text
    lake = dirty_report.workspace.lake
    newest = minute(lake.engine.scalar(lake.read(BATCHES).received_at.max()))
    about = rf"自然人基本信息 foundation/person/person \d+ 列 · 敏感个人信息 · \d+ 行 · 最近收到 {newest} · 发布 \d+"
    assert re.search(about, text)
    assert re.search(r"冲突裁定 quality/override \d+ 列 · 敏感个人信息 · 尚未写入", text)


def test_code_lists_say_what_codes_mean_and_long_ones_how_many_there_are(page: Page) -> None:
    (sexes,) = [table["rows"] for table in page.tables if table["caption"] == "代码表 sex"]
    assert ["1", "男"] in [[code, title[:1]] for code, title in sexes]
    assert {"codes-sex", "codes-region"} <= set(page.ids)
    assert "项数较多" in page.text


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    opened = Browser(tmp_path_factory.mktemp("browser") / "profile")
    opened.ask("Page.enable")
    opened.ask("Emulation.setDeviceMetricsOverride", width=1280, height=900, deviceScaleFactor=1, mobile=False)
    yield opened
    opened.close()


def opened_page(browser: Browser, path: Path, fragment: str = "") -> None:
    browser.ask("Page.navigate", url="about:blank")
    browser.wait("Page.loadEventFired")
    browser.ask("Page.navigate", url=path.as_uri() + fragment)
    browser.wait("Page.loadEventFired")


def evaluated(browser: Browser, expression: str) -> Any:
    return browser.ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"]["value"]


SEARCH = """(([words, layer]) => {
  document.getElementById('words').value = words;
  document.getElementById('layer').value = layer;
  document.getElementById('words').dispatchEvent(new Event('input'));
  return document.getElementById('found').textContent;
})"""


def search(browser: Browser, words: str, layer: str = "") -> str:
    """What the page answers to a search."""
    return str(evaluated(browser, f"{SEARCH}({json.dumps([words, layer])})"))


SHOWN = "[...document.querySelectorAll('details.entry:not([hidden])')].map(entry => entry.id)"
ROWS = """[...document.querySelectorAll('details.entry:not([hidden]) tr.column:not([hidden]) th')]
  .map(head => head.textContent.trim().split(' ')[0])"""


@pytest.mark.browser
@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_a_search_from_disk_leaves_what_holds_every_word(dirty_report: DirtyReport, browser: Browser) -> None:
    path = dirty_report.site / "dictionary.html"
    opened_page(browser, path)
    assert evaluated(browser, "document.getElementById('search').hidden") is False
    answer = search(browser, "foundation/person/person SEX_", "基础库")
    assert re.fullmatch(r"找到 1 张表、2 行", answer), answer
    assert evaluated(browser, SHOWN) == ["table-foundation-person-person"]
    assert set(evaluated(browser, ROWS)) == {"sex_source", "sex_disputed"}
    search(browser, "standard/residence_permit residence_region")
    assert "table-foundation-person-person" in evaluated(browser, SHOWN), "what is made of a column is found by it"
    search(browser, "foundation/person/person sex")
    assert "person_name" not in evaluated(browser, ROWS)
    assert evaluated(browser, "document.getElementById('table-foundation-person-person').open") is True
    assert search(browser, "没有这样的词") == "没有符合的表或列"
    search(browser, "", "隔离层")
    assert {entry.split("-")[1] for entry in evaluated(browser, SHOWN)} == {"quarantine"}
    assert search(browser, "") == ""
    opened_page(browser, path, f"#table-standard-{PEOPLE}")
    assert evaluated(browser, f"document.getElementById('table-standard-{PEOPLE}').open") is True


@pytest.mark.browser
@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_without_javascript_it_is_a_list_that_can_be_opened(dirty_report: DirtyReport, browser: Browser) -> None:
    browser.ask("Emulation.setScriptExecutionDisabled", value=True)
    try:
        opened_page(browser, dirty_report.site / "dictionary.html")
        browser.ask("DOM.enable")
        root = browser.ask("DOM.getDocument")["root"]["nodeId"]
        form = browser.ask("DOM.querySelector", nodeId=root, selector="#search[hidden]")
        entries = browser.ask("DOM.querySelectorAll", nodeId=root, selector="details.entry:not([hidden]) > summary")
        assert form["nodeId"], "a search that cannot work is not shown"
        assert len(entries["nodeIds"]) > len(all_tables(dirty_report.workspace))
    finally:
        browser.ask("Emulation.setScriptExecutionDisabled", value=False)
