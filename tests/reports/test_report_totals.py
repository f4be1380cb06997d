"""The report's totals agree with its lists: whoever counts what a page lists comes to the number that it names."""

from __future__ import annotations

import re

import pytest

from pipelines.reports.site.words import share
from tests.support.dirty_report import PEOPLE, DirtyReport
from tests.support.html_page import Page

FIGURE = re.compile(r"<dt>([^<]*)</dt><dd>([\d,]+)</dd>")


def figures(page: Page) -> dict[str, int]:
    """The numbers at the head of a page by what they count."""
    return {name: number(figure) for name, figure in FIGURE.findall(page.path.read_text(encoding="utf-8"))}


def number(figure: str) -> int:
    return int(re.sub(r"[^0-9]", "", figure) or 0)


def rows_under(page: Page, caption: str) -> int:
    """How many rows stand in the table whose caption says so; its head and the notes below a row are none."""
    (table,) = [table for table in page.tables if re.search(caption, table["caption"])]
    head, *rows = table["rows"]
    return sum(len(row) == len(head) for row in rows)


def total(rows: list[dict[str, str]], column: str) -> int:
    return sum(number(row[column]) for row in rows)


def figure_of(page: Page, words: str) -> int:
    """The number in a sentence of the page; `#` stands for it."""
    found = re.search(words.replace("#", r"([\d,]+)"), page.text)
    assert found, words
    return number(found[1])


@pytest.fixture
def index(dirty_report: DirtyReport) -> Page:
    return dirty_report.pages["index.html"]


def sources(report: DirtyReport) -> dict[str, Page]:
    return {name: page for name, page in report.pages.items() if name.startswith("sources/")}


def agencies(report: DirtyReport) -> dict[str, Page]:
    return {name: page for name, page in report.pages.items() if name.startswith("agencies/")}


def test_the_overview_s_figures_are_the_sums_of_its_tables(index: Page) -> None:
    shown, foundation = figures(index), index.table("基准记录", "核查发现")
    by_source = index.table("来源", "责任机构", "隔离占比")
    for figure, column in {"收到记录": "记录", "合格": "合格", "其中有提示": "其中提示", "隔离": "隔离"}.items():
        assert shown[figure] == total(by_source, column) > 0
    for figure, column in {"基准记录": "记录", "来源冲突": "来源冲突", "核查发现": "核查发现"}.items():
        assert shown[figure] == total(foundation, column) > 0
    assert shown["待决批次"] == index.path.read_text(encoding="utf-8").count('class="decide"') == 2
    assert figure_of(index, "共 # 批。记录数以收到的文件为准") == rows_under(index, "记录数以收到的文件为准")


def test_the_overview_says_of_each_source_and_agency_what_its_own_page_says(
    dirty_report: DirtyReport, index: Page
) -> None:
    for row in index.table("来源", "责任机构", "隔离占比"):
        (page,) = [source for source in sources(dirty_report).values() if f"{row['来源']} · 汇流" in source.text]
        own = figures(page)
        assert [own[name] for name in ("批次", "收到记录", "合格", "其中有提示", "隔离", "待决")] == [
            number(row[name]) for name in ("批次", "记录", "合格", "其中提示", "隔离", "待决")
        ]
    for row in index.table("机构", "来源冲突"):
        (page,) = [agency for agency in agencies(dirty_report).values() if f"{row['机构']} · 汇流" in agency.text]
        assert figures(page) == {name: number(row[name]) for name in figures(page)}


def test_a_source_lists_as_many_batches_and_rows_as_it_counts(dirty_report: DirtyReport) -> None:
    for page in sources(dirty_report).values():
        shown, batches = figures(page), page.table("文件", "格式")
        assert shown["批次"] == figure_of(page, "共 # 批，新的在前") == len(batches)
        standing = [row for row in batches if row["结论"].startswith(("通过", "已放行"))]
        held = [row for row in batches if row["结论"].startswith("待决")]
        assert [shown["合格"], shown["其中有提示"], shown["隔离"]] == [
            total(standing, "合格"), total(standing, "其中提示"), total(standing, "隔离"),
        ]  # fmt: skip
        assert shown["待决"] == total(held, "记录")
        assert figure_of(page, "共 # 条规则") == rows_under(page, "条规则")
        if "没有隔离的记录" not in page.text:
            listed = page.table("位置", "违反的规则")
            assert figure_of(page, "共 # 条，新批次在前") == len(listed)
            in_held = [
                row for row in listed if row["位置"].startswith(tuple(batch["文件"].split(".")[0] for batch in held))
            ]
            waiting = len(in_held) if held else 0
            assert figure_of(page, "待决的批次 # 条") == waiting
            assert figure_of(page, "已通过或放行的批次 # 条") == len(listed) - waiting


def test_rows_that_were_corrected_since_are_told_beside_those_that_are_left(dirty_report: DirtyReport) -> None:
    page = dirty_report.pages[f"sources/{PEOPLE}.html"]
    assert figures(page)["隔离"] == 6
    assert (
        "共 15 条，新批次在前：已通过或放行的批次 5 条（隔离过 6 条，其后更正或了结 1 条），待决的批次 10 条"
        in page.text
    )


def test_rules_count_what_the_batches_pages_count(dirty_report: DirtyReport) -> None:
    for name, page in sources(dirty_report).items():
        folder = f"data_docs/{name.removeprefix('sources/').removesuffix('.html')}/"
        pages = [page for path, page in dirty_report.pages.items() if path.startswith(folder)]
        assert len(pages) == figures(page)["批次"]
        for rule in page.table("规则", "违反", "依据标准"):
            counted = [
                number(row["不符行数"])
                for page in pages
                if "全部规则" in page.text
                for row in every_rule(page)
                if row["规则"].startswith(rule["规则"])
            ]
            if "批" not in rule["检查"]:
                assert sum(counted) == number(rule["违反"]), rule["规则"]
    index = dirty_report.pages["data_docs/index.html"]
    assert figure_of(dirty_report.pages["index.html"], "每批一页，共 # 批") == len(index.table("来源", "校验时间"))


def every_rule(page: Page) -> list[dict[str, str]]:
    head, *rows = page.tables[-1]["rows"]
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_an_agency_lists_as_many_conflicts_and_findings_as_it_counts(dirty_report: DirtyReport) -> None:
    seen = {"来源冲突": 0, "核查发现": 0}
    for page in agencies(dirty_report).values():
        shown = figures(page)
        own = page.table("来源", "系统")
        assert [shown["待决批次"], shown["隔离记录"]] == [total(own, "待决批次"), total(own, "隔离记录")]
        for figure, counted, listed, unit in (
            ("来源冲突", ("属性", "冲突"), ("公民身份号码", "采用的值"), "项"),
            ("核查发现", ("核查规则", "记录"), ("公民身份号码", "记录位置"), "条"),
        ):
            if shown[figure]:
                first, second = (
                    next(t for t in page.tables if {*names} <= {*t["rows"][0]}) for names in (counted, listed)
                )
                assert sum(number(row[1]) for row in first["rows"][1:]) == shown[figure]
                assert len(second["rows"]) - 1 == shown[figure] == number(second["caption"].split(unit)[0])
                seen[figure] += shown[figure]
    assert seen == {"来源冲突": 10, "核查发现": 4}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1.0, "100%"),
        (0.99998, ">99.9%"),
        (0.9994, "99.9%"),
        (0.5, "50%"),
        (0.05, "5.00%"),
        (0.00001, "<0.01%"),
        (0, "0%"),
    ],
)
def test_what_is_rounded_to_all_or_nothing_says_so(value: float, shown: str) -> None:
    assert share(value) == shown
