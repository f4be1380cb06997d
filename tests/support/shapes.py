"""Awkward shapes in degrees, where Inner Mongolia lies, and the two engines to compute with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest

from pipelines.engines.geometry import for_duckdb, for_spark
from pipelines.storage.extensions import load_extension

VALID = {
    "square": "POLYGON((111 40,112 40,112 41,111 41,111 40))",
    "square the other way round": "POLYGON((111 40,111 41,112 41,112 40,111 40))",
    "square beside it": "POLYGON((112 40,113 40,113 41,112 41,112 40))",
    "square at its corner": "POLYGON((112 41,113 41,113 42,112 42,112 41))",
    "square in it": "POLYGON((111.2 40.2,111.8 40.2,111.8 40.8,111.2 40.8,111.2 40.2))",
    "vertex twice": "POLYGON((111 40,112 40,112 40,112 41,111 41,111 40))",
    "hole": "POLYGON((111 40,113 40,113 42,111 42,111 40),(111.5 40.5,112.5 40.5,112.5 41.5,111.5 41.5,111.5 40.5))",
    "hole the other way round": "POLYGON((111 40,113 40,113 42,111 42,111 40),"
    "(111.5 40.5,111.5 41.5,112.5 41.5,112.5 40.5,111.5 40.5))",
    "in the hole": "POLYGON((111.6 40.6,112.4 40.6,112.4 41.4,111.6 41.4,111.6 40.6))",
    "hole touches the shell": "POLYGON((111 40,113 40,113 42,111 42,111 40),(111 40,112 40.5,112 41,111 40))",
    "three holes": "POLYGON((111 40,115 40,115 44,111 44,111 40),"
    "(111.5 40.5,112.5 40.5,112.5 41.5,111.5 41.5,111.5 40.5),"
    "(113 41,114 41,114 43,113 43,113 41),(111.2 42,111.6 42,111.6 42.4,111.2 42.4,111.2 42))",
    "two parts, one with a hole": "MULTIPOLYGON(((111 40,112 40,112 41,111 41,111 40),"
    "(111.2 40.2,111.8 40.2,111.8 40.8,111.2 40.8,111.2 40.2)),((114 40,115 40,115 41,114 40)))",
    "two parts touch": "MULTIPOLYGON(((111 40,112 40,112 41,111 41,111 40)),((112 41,113 41,113 42,112 42,112 41)))",
    "island in the hole": "MULTIPOLYGON(((111 40,115 40,115 44,111 44,111 40),(112 41,114 41,114 43,112 43,112 41)),"
    "((112.5 41.5,113.5 41.5,113.5 42.5,112.5 42.5,112.5 41.5)))",
    "one part empty": "MULTIPOLYGON(EMPTY,((111 40,112 40,112 41,111 40)))",
    "whole region": "POLYGON((97 37,126 37,126 54,97 54,97 37))",
    "square metre": "POLYGON((111 40,111.00001 40,111.00001 40.00001,111 40.00001,111 40))",
    "with heights": "POLYGON Z ((111 40 5,112 40 5,112 41 5,111 40 5))",
    "point with height": "POINT Z (111 40 5)",
    "no polygon": "POLYGON EMPTY",
    "no polygons": "MULTIPOLYGON EMPTY",
    "no point": "POINT EMPTY",
    "no line": "LINESTRING EMPTY",
    "point inside": "POINT(111.5 40.5)",
    "point on the corner": "POINT(111 40)",
    "point on the edge": "POINT(111.5 40)",
    "point outside": "POINT(100 40)",
    "two points": "MULTIPOINT((111 40),(111.5 40.5))",
    "diagonal": "LINESTRING(111 40,112 41)",
    "both diagonals": "MULTILINESTRING((111 40,112 41),(112 40,111 41))",
    "line across itself": "LINESTRING(111 40,112 41,112 40,111 41)",
    "edge": "LINESTRING(111 40,112 40)",
}
MIXED = {
    "of all kinds": "GEOMETRYCOLLECTION(POINT(111 40),LINESTRING(111 40,112 41),"
    "POLYGON((111 40,112 40,112 41,111 40)))",
    "collection of nothing": "GEOMETRYCOLLECTION EMPTY",
}
INVALID = {
    "bow-tie": "POLYGON((111 40,113 42,113 40,111 42,111 40))",
    "touches itself in a point": "POLYGON((111 40,112 41,113 42,113 40,112 41,111 42,111 40))",
    "hole beside the shell": "POLYGON((111 40,112 40,112 41,111 41,111 40),(113 40,114 40,114 41,113 41,113 40))",
    "spike": "POLYGON((111 40,113 40,113 42,115 42,113 42,111 42,111 40))",
    "no breadth": "POLYGON((111 40,112 40,111 40,111 40))",
    "no length": "LINESTRING(111 40,111 40)",
    "same ring twice round": "POLYGON((111 40,112 40,112 41,111 41,111 40,112 40,112 41,111 41,111 40))",
    "same part twice": "MULTIPOLYGON(((111 40,112 40,112 41,111 41,111 40)),((111 40,112 40,112 41,111 41,111 40)))",
    "parts overlap": "MULTIPOLYGON(((111 40,113 40,113 42,111 42,111 40)),((112 41,114 41,114 43,112 43,112 41)))",
    "parts share an edge": "MULTIPOLYGON(((111 40,112 40,112 41,111 41,111 40)),"
    "((112 40,113 40,113 41,112 41,112 40)))",
    "ring over itself": "POLYGON((112 40,113 44,114 40,111 42.5,115 42.5,112 40))",
    "ring winds into itself": "POLYGON((111 40,115 40,115 44,111 44,"
    "111 41,114 41,114 43,112 43,112 40.5,111 40.5,111 40))",
    "hole in a hole": "POLYGON((111 40,115 40,115 44,111 44,111 40),(112 41,114 41,114 43,112 43,112 41),"
    "(112.5 41.5,113.5 41.5,113.5 42.5,112.5 42.5,112.5 41.5))",
    "hole as large as the shell": "POLYGON((111 40,112 40,112 41,111 41,111 40),(111 40,112 40,112 41,111 41,111 40))",
    "hole across the shell": "POLYGON((111 40,113 40,113 42,111 42,111 40),(112 41,114 41,114 41.5,112 41.5,112 41))",
}
ENGINES = ["duckdb", pytest.param("spark", marks=pytest.mark.spark)]


@dataclass(frozen=True)
class Computing:
    """An engine's Ibis backend, and how expressions on shapes are put into its words."""

    name: str
    backend: Any
    words: Callable[[Any], Any]
    register: Callable[[str, pa.Table], None]

    def table(self, name: str, rows: pa.Table) -> ir.Table:
        self.register(name, rows)
        return self.backend.table(name)

    def rows(self, expression: ir.Table) -> list[dict[str, Any]]:
        return self.backend.to_pyarrow(self.words(expression)).to_pylist()

    def query(self, expression: ir.Table) -> str:
        return str(self.backend.compile(self.words(expression)))


def computing(request: pytest.FixtureRequest) -> Computing:
    """The engine that a fixture parametrised with ENGINES asks for."""
    if request.param == "duckdb":
        backend = ibis.duckdb.connect()
        load_extension(backend.con, "spatial")
        return Computing("duckdb", backend, for_duckdb, lambda name, rows: backend.con.from_arrow(rows).create(name))
    session = request.getfixturevalue("spark_session")
    backend = ibis.pyspark.connect(session)
    return Computing(
        "spark",
        backend,
        for_spark,
        lambda name, rows: session.createDataFrame(rows).createOrReplaceTempView(name),
    )
