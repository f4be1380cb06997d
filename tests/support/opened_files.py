"""A file in a folder, opened as ingest opens it: what the tests of every format look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from pipelines.project.catalog import read_catalog
from pipelines.readers import Delivery, Problem, UnreadableFile, open_delivery

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT.parent / "shared/data/market_entity_real_sample.csv"
CATALOG = read_catalog(ROOT)
MARRIAGE = CATALOG.contracts["marriage_registration"]
ENTITY = CATALOG.contracts["market_entity"]

HEADER = ["登记证号", "登记类型", "登记日期", "男方身份证件号", "女方身份证件号"]
COLUMNS = [MARRIAGE.cells[header] for header in HEADER]
LINE = ",".join(HEADER)


def opened(folder: Path, name: str, content: bytes | str) -> Delivery:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return open_delivery(path, MARRIAGE)


def read(folder: Path, name: str, content: bytes | str) -> tuple[Delivery, list[dict[str, Any]]]:
    """The delivery and its rows in the order of their numbers."""
    delivery = opened(folder, name, content)
    rows = delivery.batches().read_all().to_pylist()
    return delivery, sorted(rows, key=lambda row: row["_row"])


def cells(rows: list[dict[str, Any]]) -> list[list[str | None]]:
    return [[row[name] for name in COLUMNS] for row in rows]


def numbers(rows: list[dict[str, Any]]) -> list[int]:
    return [row["_row"] for row in rows]


def damaged(rows: list[dict[str, Any]]) -> dict[int, str]:
    return {row["_row"]: row["_damage"] for row in rows if row["_damage"]}


def refusal(folder: Path, name: str, content: bytes | str) -> Problem:
    with pytest.raises(UnreadableFile) as refused:
        read(folder, name, content)
    problem = refused.value.problem
    assert problem.file == name
    assert name in str(refused.value)
    assert problem.todo
    assert "\n" not in str(problem)
    return problem


# --- CSV ---------------------------------------------------------------------------------------------------------

SENDABLE = st.characters(max_codepoint=0x10FDFD, blacklist_categories=["Cs"], blacklist_characters="\0")
TEXT = st.text(SENDABLE, max_size=8)
TRICKY = st.text(st.sampled_from('",\n\r;| \t，"a中𠮷\u3000'), max_size=6)
