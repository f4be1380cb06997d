"""Two readings of a cell, the pipeline's and that of `expectations/reading`, agree on whatever an agency writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, cast

import ibis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expectations.reading import READ_TWICE
from pipelines.declarations.element import Element
from pipelines.declarations.rule import SENT
from pipelines.elements import normalise, sent_value
from pipelines.engines.base import Engine
from pipelines.engines.duckdb.engine import DuckDBEngine
from pipelines.project.catalog import read_catalog
from pipelines.rules.great_expectations.second_reading import (
    CELL,
    TYPED,
    Reading,
    read_again_in_duckdb,
    read_again_on_spark,
)
from tests.support.odd_cells import KINDS, odd_cells

CATALOG = read_catalog(Path(__file__).resolve().parents[2])
HEADCOUNT = Element(name="headcount", title="人数", type="int64", normalise="decimal", grade="internal")
LONGEST = Element(name="longest", title="多位数", type="decimal(36,35)", normalise="decimal", grade="internal")
ELEMENTS = {**CATALOG.elements, HEADCOUNT.name: HEADCOUNT, LONGEST.name: LONGEST}
ONCE = "__sent_once"
REAL = {
    "id_number": [
        "'150102198001010014",
        "150102800101001",
        "150102800101997",
        "１５０１０２１９８００１０１００１４",
        "无",
    ],
    "date": ["2024-01-02T16:00:00.000Z", "2024-01-02 16:00", "0001-01-01", "9999-12-31", "2024-02-30", "45292"],
    "datetime": ["2024-01-02T16:00:00.000Z", "45292.00015625", "45292.000005787037", "2024-01-02 08:30:00"],
    "end_date": ["长期", "至 长期（有效）", "2024年1月2日", "无固定期限", "不详"],
    "amount": ["9999999999999999.995", "-0.005", "1,234.5", "１２", "1e3"],
    "headcount": ["12", "-3", "1,234", "12.0", "12.5", "１２", "0" * 30 + "7", "9223372036854775808", "1e3", "若干"],
    "longest": ["9.99999999999999999999999999999999999", "-9.999999999999999999999999999999999995", "10", "-0.5"],
    "amount_wan": ["999999999999.9999995", "0.00000049", "-0.0000005", "1,234.5", "１２", "500万", "9999999999999"],
    "capital_wan": ["99999999999999999999.99999999", "0.00000001", "1,234.5", "3000(万)"],
    "area_mu": ["9999999999.99995", "9999999999.9999", "0.0001", "0.00015", "1", "2", "3", "-1", "1,500", "12亩", "-0"],
    "capital_amount": ["500万元人民币", "3,000(万)", "HK$12.00005", "9999999999999999.999999995亿", "￥100"],
}


def differing(engine: Engine, cells: Mapping[str, Sequence[str | None]]) -> dict[str, list[tuple[Any, ...]]]:
    """Per element the cells that are read differently, with both values; or of which one counts as sent in one only."""
    longest = max(map(len, cells.values()))
    rows = [
        {"_row": at, **{name: values[at] if at < len(values) else None for name, values in cells.items()}}
        for at in range(longest)
    ]
    table = ibis.memtable(rows, schema={"_row": "int64", **dict.fromkeys(cells, "string")})
    columns: dict[str, ibis.Value] = {}
    readings = []
    for name in cells:
        element, cell = ELEMENTS[name], table[name]
        columns |= {name: normalise(cell, element, CATALOG.codes, CATALOG.cities), name + CELL: cell}
        kind = "text" if element.is_text else element.ibis_type
        readings.append(Reading(name, element.normalise, kind, not element.is_text))
        if not element.is_text:
            columns |= {name + SENT: sent_value(cell, element), name + ONCE: sent_value(cell, element).isnull()}
        columns[f"{name}__shown"] = cell
    cast(Any, engine).ibis._register_in_memory_tables(table)
    typed = engine.materialise(table.select("_row", **columns), "typed_cells")
    again = _read_again(engine, engine.view(typed, "read_once"), readings)
    found = {}
    for reading in readings:
        name = reading.column
        unlike = ~again[name].identical_to(again[name + TYPED])
        if reading.asks_sent:
            unlike = unlike | (again[name + SENT].isnull() != again[name + ONCE])
        odd = engine.rows(again.filter(unlike).select(f"{name}__shown", name + TYPED, name).limit(5))
        if odd:
            found[name] = [tuple(row.values()) for row in odd]
    return found


def _read_again(engine: Engine, view: str, readings: Sequence[Reading]) -> ibis.Table:
    if isinstance(engine, DuckDBEngine):
        return engine.ibis.table(read_again_in_duckdb(engine.connection, view, readings))
    spark = cast(Any, engine)
    return spark._named(read_again_on_spark(spark.session.table(view), readings), "read_again")


def test_what_is_read_twice_has_elements_that_are_tried_here() -> None:
    tried = {ELEMENTS[name].normalise for name in KINDS}
    assert tried == {*READ_TWICE}
    assert all(ELEMENTS[name].normalise in READ_TWICE for name in REAL)


def test_both_readings_agree_on_cells_that_are_known_to_be_hard(either_engine: Engine) -> None:
    assert differing(either_engine, REAL) == {}


def test_a_whole_number_is_read_up_to_64_bits_and_never_rounded(either_engine: Engine) -> None:
    cells = {
        "12": 12,
        "-3": -3,
        "1,234": 1234,
        "１２．００": 12,
        " +7. ": 7,
        "9223372036854775807": 2**63 - 1,
        "-9223372036854775808": -(2**63),
        "9007199254740993.0": 2**53 + 1,
        "9223372036854775808": None,
        "12.5": None,
        "12.4": None,
        ".5": None,
        "1e3": None,
        "若干": None,
        "": None,
    }
    table = ibis.memtable({"cell": list(cells)}, schema={"cell": "string"})
    cast(Any, either_engine).ibis._register_in_memory_tables(table)
    read = table.mutate(number=normalise(table.cell, HEADCOUNT, CATALOG.codes, CATALOG.cities))
    assert {row["cell"]: row["number"] for row in either_engine.rows(read)} == cells
    assert differing(either_engine, {"headcount": list(cells)}) == {}


def test_both_readings_agree_on_odd_cells(either_engine: Engine) -> None:
    random = Random(20260630)
    assert differing(either_engine, {name: odd_cells(random, name, 3000) for name in KINDS}) == {}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_both_readings_agree_on_other_odd_cells(embedded: DuckDBEngine, seed: int) -> None:
    random = Random(seed)
    assert differing(embedded, {name: odd_cells(random, name, 1000) for name in KINDS}) == {}


texts = st.lists(st.text(min_size=0, max_size=24), min_size=40, max_size=60)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_both_readings_agree_on_any_text(embedded: DuckDBEngine, data: st.DataObject) -> None:
    cells = data.draw(texts)
    of_its_alphabet = {
        name: data.draw(st.lists(st.text(alphabet, max_size=20), min_size=20, max_size=30))
        for name, (_, alphabet) in KINDS.items()
    }
    assert differing(embedded, {name: [*cells, *values] for name, values in of_its_alphabet.items()}) == {}
