"""Data Docs: counts and rules of each validation, no value of the data, nothing from the network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipelines.declarations.catalog import Catalog
from pipelines.engines.duckdb.engine import DuckDBEngine
from pipelines.quality.great_expectations import Validation, build_docs, validate
from tests.validated_views import (
    DAMAGED,
    GOOD_ID,
    a_view,
    contract_view,
    rule,
    texts,
)


@pytest.fixture(scope="module")
def validations(embedded: DuckDBEngine, catalog: Catalog) -> list[Validation]:
    return [
        validate(
            embedded,
            contract_view(embedded, catalog, source, rows=3000),
            catalog.rules(contract),
            source=source,
            batch=batch,
        )
        for source, contract in catalog.contracts.items()
        for batch in ("b1", "b 2/100%")
    ]


def test_a_validation_survives_being_kept(validations: list[Validation]) -> None:
    for one in validations:
        assert Validation.from_json(one.to_json()) == one
        assert len(one.to_json()) < 60_000


def test_docs_hold_no_value_load_nothing_and_link_only_to_each_other(
    validations: list[Validation], catalog: Catalog, tmp_path: Path
) -> None:
    titles = {contract.name: contract.title for contract in catalog.contracts.values()}
    index = build_docs(validations, tmp_path / "docs", titles)
    pages = [path for path in (tmp_path / "docs").rglob("*") if path.is_file()]
    assert index in pages
    assert len(pages) == len(validations) + 1
    for path in pages:
        html = path.read_text(encoding="utf-8")
        assert GOOD_ID not in html
        assert DAMAGED not in html
        assert not re.search(r"""https?:|<script|<link|<img|<iframe|@import|url\(|\ssrc\s*=|//[a-z]""", html)
        assert len(html) < 60_000
        for target in re.findall(r'href="([^"]*)"', html):
            assert (path.parent / unescaped(target)).resolve() in pages
    assert "公民身份号码" in (tmp_path / "docs/household_registration/b1.html").read_text(encoding="utf-8")
    assert "6,886" not in index.read_text(encoding="utf-8")


def unescaped(link: str) -> str:
    from urllib.parse import unquote

    return unquote(link)


def test_docs_say_what_was_counted(embedded: DuckDBEngine, tmp_path: Path) -> None:
    view = a_view(embedded, "v VARCHAR", texts(*["1"] * 19_999, "x<b>"))
    one = rule("expect_column_values_to_match_regex", column="v", regex="^[0-9]<?$", severity="warning")
    build_docs([validate(embedded, view, [one], source="s", batch="b")], tmp_path)
    page = (tmp_path / "s/b.html").read_text(encoding="utf-8")
    assert "20,000" in page
    assert "&lt; 0.01 %" in page
    assert "v values must match this regular expression: ^[0-9]&lt;?$" in page


def test_an_index_without_validations_says_so(tmp_path: Path) -> None:
    assert "还没有" in build_docs([], tmp_path / "docs").read_text(encoding="utf-8")
