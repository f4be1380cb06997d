"""Data Docs: counts and rules of each validation, no value of the data, nothing from the network."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pipelines.declarations.catalog import Catalog
from pipelines.engines.duckdb.engine import DuckDBEngine
from pipelines.rules.great_expectations import Documented, Validation, build_docs, validate
from pipelines.tables.rows import RuleResult
from tests.support.dirty_report import PEOPLE, DirtyReport
from tests.support.html_page import Page
from tests.support.validated_views import (
    DAMAGED,
    GOOD_ID,
    a_view,
    contract_view,
    rule,
    texts,
)

LARGEST = 1_100  # bytes a rule, so that a page of a source with a hundred of them is no megabyte


@pytest.fixture(scope="module")
def validations(embedded: DuckDBEngine, catalog: Catalog) -> list[Validation]:
    """Of the source of each database that has the most rules, and of persons; all are validated elsewhere."""
    by_rules = sorted(catalog.contracts.values(), key=lambda contract: len(catalog.rules(contract)))
    most = {contract.database: contract.name for contract in by_rules}
    return [
        validate(
            embedded,
            contract_view(embedded, catalog, source, rows=3000),
            catalog.rules(catalog.contracts[source]),
            source=source,
            batch=batch,
        )
        for source in {PEOPLE, *most.values()}
        for batch in ("b1", "b 2/100%")
    ]


def test_a_validation_survives_being_kept(validations: list[Validation]) -> None:
    for validation in validations:
        assert Validation.from_json(validation.to_json()) == validation
        assert len(validation.to_json()) < LARGEST * len(validation.outcomes)


def test_docs_hold_no_value_load_nothing_and_link_only_to_each_other(
    validations: list[Validation], catalog: Catalog, tmp_path: Path
) -> None:
    rules = max(len(validation.outcomes) for validation in validations)
    index = build_docs([documented(validation) for validation in validations], tmp_path / "docs")
    pages = [path for path in (tmp_path / "docs").rglob("*") if path.is_file()]
    assert index in pages
    assert len(pages) == len(validations) + 1
    for path in pages:
        html = path.read_text(encoding="utf-8")
        assert GOOD_ID not in html
        assert DAMAGED not in html
        assert not re.search(r"""https?:|<script|<link|<img|<iframe|@import|url\(|\ssrc\s*=|//[a-z]""", html)
        assert len(html) < LARGEST * rules
        for target in re.findall(r'href="([^"]*)"', html):
            assert (path.parent / unescaped(target)).resolve() in pages
    assert "公民身份号码" in (tmp_path / "docs/household_registration/b1.html").read_text(encoding="utf-8")
    assert "6,886" not in index.read_text(encoding="utf-8")


def documented(validation: Validation, rows: int = 3000) -> Documented:
    """A batch that was validated alone, and all of whose counts Great Expectations confirmed."""
    configs = [result["expectation_config"] for result in json.loads(validation.result)["results"]]
    results = [
        RuleResult(
            batch=validation.batch,
            source=validation.source,
            rule=outcome.rule,
            title=config["description"],
            severity=config["severity"],
            standard=None,
            evaluated=outcome.evaluated,
            broken=outcome.unexpected,
        )
        for config, outcome in zip(configs, validation.outcomes.values(), strict=True)
    ]
    return Documented(
        validation.source,
        "",
        validation.batch,
        f"{validation.batch}.csv",
        "通过",
        rows,
        results,
        (),
        validation,
        [validation.batch],
    )


def unescaped(link: str) -> str:
    from urllib.parse import unquote

    return unquote(link)


def test_docs_say_what_was_counted(embedded: DuckDBEngine, tmp_path: Path) -> None:
    view = a_view(embedded, "v VARCHAR", texts(*["1"] * 19_999, "x<b>"))
    tested = rule("expect_column_values_to_match_regex", column="v", regex="^[0-9]<?$", severity="warning")
    build_docs([documented(validate(embedded, view, [tested], source="s", batch="b"), rows=20_000)], tmp_path)
    page = (tmp_path / "s/b.html").read_text(encoding="utf-8")
    assert "20,000" in page
    assert "&lt; 0.01 %" in page
    assert "v values must match this regular expression: ^[0-9]&lt;?$" in page


def test_an_index_without_validations_says_so(tmp_path: Path) -> None:
    assert "还没有" in build_docs([], tmp_path / "docs").read_text(encoding="utf-8")


def pages_by_file(report: DirtyReport) -> dict[str, Page]:
    """The pages of a source's batches as a reviewer comes to them: by the links of its batches on the source's page."""
    source = report.site / "sources" / f"{PEOPLE}.html"
    listed = Page(source)
    found = {}
    for row in listed.table("文件", "格式"):
        file = next(name for name in FILES if row["文件"].startswith(name))
        batch = row["文件"].removeprefix(file)
        (link,) = [link for link in listed.links if "data_docs" in link and batch in link][:1]
        found[file] = Page((source.parent / link).resolve())
    return found


FILES = {"户籍一.csv": (30, 3), "多半有误.csv": (10, 10), "空.csv": (0, 0), "缺列.csv": (11, 2), "户籍二.csv": (9, 2)}


def test_every_batch_has_a_page_with_its_own_counts_held_and_later_ones_too(dirty_report: DirtyReport) -> None:
    pages = pages_by_file(dirty_report)
    assert {*pages} == {*FILES}
    broken = {}
    for file, page in pages.items():
        rows, _ = FILES[file]
        assert f"{file} · {PEOPLE}" in page.text
        assert f"{rows} 行" in page.text
        if rows:
            rules = {row["规则"]: row for row in page.table("结果", "规则", "检查行数")}
            broken[file] = sum(int(row["不符行数"]) for name, row in rules.items() if "id_number.check_digit" in name)
    assert broken == {"户籍一.csv": 1, "多半有误.csv": 10, "缺列.csv": 0, "户籍二.csv": 2}


def test_a_page_of_batches_judged_together_says_what_great_expectations_counted(dirty_report: DirtyReport) -> None:
    pages = pages_by_file(dirty_report)
    (row,) = [
        row for row in pages["户籍一.csv"].table("结果", "3 批合计不符（GX）") if "id_number.check_digit" in row["规则"]
    ]
    assert (row["不符行数"], row["3 批合计不符（GX）"]) == ("1", "11")
    assert "GX" not in pages["户籍二.csv"].text
    assert "未通过的批次规则： 隔离记录不应既达到" in pages["多半有误.csv"].text
    assert "文件应完整且可读取" in pages["空.csv"].text
    assert "本批没有可校验的记录" in pages["空.csv"].text


def test_pages_lead_back_to_the_batch_in_the_report(dirty_report: DirtyReport) -> None:
    for page in pages_by_file(dirty_report).values():
        (back,) = [link for link in page.links if "#" in link]
        place, _, batch = back.partition("#")
        assert (page.path.parent / place).resolve() == dirty_report.site / "sources" / f"{PEOPLE}.html"
        assert batch in Page(page.path.parent / place).ids
    index = dirty_report.pages["data_docs/index.html"]
    assert "../index.html" in index.links
    assert sum(link.startswith(PEOPLE) for link in index.links) == len(FILES)
