"""What a front-end database's table holds that has not been read yet: all SQL about one table of PostgreSQL."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.declarations.contract import SourceTable
from pipelines.readers.postgres.failures import PostgresFailure
from pipelines.readers.postgres.snapshot import Snapshot

TIMES, NUMBERS = ("timestamptz", "timestamp", "date"), ("int2", "int4", "int8", "numeric")
LAGS = {"time": "10 min", "number": "1000"}
# No counter gets so far; what lies beyond (NaN, Infinity) has no place in its order.
HIGHEST = {"int2": "9223372036854775807", "int4": "9223372036854775807", "int8": "9223372036854775807"}
HIGHEST_NUMERIC = "1e300"
PAGED = ("r", "m", "p")  # tables, materialised views, partitioned tables: their rows lie in numbered pages
SLICE_ROWS, MOST_SLICES = 200_000, 256
LAST_PAGE = 4_294_967_295
NO_ROWS = "0:0"


@dataclass(frozen=True)
class Mark:
    """How far a table has been read.

    `bound` is the highest watermark read (as text; None before any), `lag` what counts as late behind it. `late` and
    `unordered` are fingerprints (rows:sum of hashes) of the rows within the lag, and of those without a watermark or
    with one above the bound because it lies in the future: only so can be seen whether such rows came or changed.
    """

    bound: str | None
    lag: str
    late: str
    unordered: str


@dataclass(frozen=True)
class Portion:
    """Rows of one snapshot to read: `sql` is a query in `slices` parts, which its column `slice` tells apart."""

    sql: str
    slices: int
    readers: int

    @property
    def shares(self) -> list[str]:
        """The condition on `slice` by which each of the readers finds its rows; each row is in one share."""
        readers = min(self.readers, self.slices)
        return [f"slice % {readers} = {place}" for place in range(readers)]

    def queries(self, columns: Sequence[str]) -> list[str]:
        """One query for each reader."""
        chosen = ", ".join(_quoted(name) for name in columns)
        return [f"SELECT {chosen} FROM ({self.sql}) portion WHERE {share}" for share in self.shares]


class PostgresTable:
    """A table, view or materialised view in one snapshot."""

    def __init__(self, snapshot: Snapshot, declared: SourceTable) -> None:
        """Raises PostgresFailure where the table is missing, may not be read, or has no usable watermark."""
        self._snapshot, self._declared = snapshot, declared
        schema, _, table = declared.name.partition(".")
        self._name = f"{_quoted(schema)}.{_quoted(table)}"
        self._oid, self._kind = self._find(schema, table)
        types = self._types()
        self.columns = tuple(types)
        self._order = _quoted(declared.watermark)
        self._type = types.get(declared.watermark, "")
        self._check_watermark(types)
        self._lag = declared.lag or LAGS["time" if self._is_time else "number"]

    @property
    def _is_time(self) -> bool:
        return self._type in TIMES

    def mark(self, before: Mark | None) -> Mark:
        """How far the table will have been read once everything since `before` is."""
        limit = self._limit()
        started = self._value(before.bound if before else None)
        highest = f"SELECT max({self._order}) AS highest FROM {self._name} WHERE {self._order} <= {limit}"
        bound = self._scalar(f"SELECT greatest(highest, {started})::text AS bound FROM ({highest}) found")
        late = self._fingerprint(self._within_lag(bound)) if bound is not None else NO_ROWS
        return Mark(bound, self._lag, late, self._fingerprint(self._unordered(bound)))

    def news(self, before: Mark | None, now: Mark) -> str | None:
        """The condition on the rows to read, or None where there is nothing new."""
        if before is None:
            return "true"
        found = []
        if now.bound is not None and now.bound != before.bound:
            above = f"{self._order} > {self._value(before.bound)} AND " if before.bound is not None else ""
            found.append(f"{above}{self._order} <= {self._value(now.bound)}")
        if before.bound is not None and not self._is_read(before, now):
            found.append(self._within_lag(before.bound))
        if now.unordered != before.unordered:
            found.append(self._unordered(now.bound))
        return " OR ".join(f"({condition})" for condition in found) or None

    def count(self, condition: str) -> int:
        return int(self._scalar(f"SELECT count(*) AS n FROM {self._name} WHERE {condition}"))

    def portion(
        self,
        condition: str,
        rows: int,
        cells: Mapping[str, str | None],
        extra: Mapping[str, str],
        constants: Mapping[str, str | datetime.datetime],
    ) -> Portion:
        """The `rows` rows that keep the condition, every cell as the text that PostgreSQL itself writes.

        `cells` maps names in the result to columns of the table (None: NULL), `constants` to what all rows share.
        `_extra` gets `extra` (key → column) as a JSON object. `_row` is the row's place (1-based) among these rows in
        the order in which they lie in the table; in a view, which has none, in that of watermark and content.
        """
        shared = [f"{_constant(value)} AS {_quoted(name)}" for name, value in constants.items()]
        texts = [f"{_text(column)} AS {_quoted(name)}" for name, column in cells.items()]
        order = "source.ctid, source.tableoid" if self._kind in PAGED else f"source.{self._order}, (source.*)::text"
        slices = self._slices(condition, rows)
        placed = " AND source.ctid >= part.low AND source.ctid < part.high" if len(slices) > 1 else ""
        numbered = f"part.before + row_number() OVER (ORDER BY {order}) AS _row"
        chosen = ", ".join([numbered, *shared, *texts, f"{_json(extra)} AS _extra"])
        parts = ", ".join(f"({place}, {low}, {high}, {before}::bigint)" for place, low, high, before in slices)
        sql = (
            f"SELECT part.slice, cells.* FROM (VALUES {parts}) part(slice, low, high, before) CROSS JOIN LATERAL "
            f"(SELECT {chosen} FROM {self._name} source WHERE ({condition}){placed}) cells"
        )
        return Portion(sql, len(slices), self._declared.readers)

    def without_watermark(self) -> int:
        """Rows whose watermark is NULL."""
        return self.count(f"{self._order} IS NULL")

    def in_the_future(self) -> int:
        """Rows whose watermark lies more than an hour ahead of the server's clock, or is no finite number."""
        ahead = " + interval '1 hour'" if self._is_time else ""
        return self.count(f"{self._order} > {self._limit()}{ahead}")

    def _find(self, schema: str, table: str) -> tuple[int, str]:
        found = self._snapshot.rows(
            "SELECT c.oid::bigint AS oid, c.relkind::text AS kind, has_schema_privilege(n.oid, 'USAGE') AS enters, "
            "has_table_privilege(c.oid, 'SELECT') AS reads "
            "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            f"WHERE n.nspname = {_literal(schema)} AND c.relname = {_literal(table)} AND c.relkind IN "
            "('r', 'p', 'v', 'm', 'f')"
        )
        if not found:
            what = f"the database has no table {self._declared.name}"
            raise PostgresFailure(what, "correct `name` in the contract's `table` (case counts), or ask the agency")
        oid, kind, enters, reads = found[0]
        lacking = [f"USAGE ON SCHEMA {_quoted(schema)}"] * (not enters) + [f"SELECT ON {self._name}"] * (not reads)
        if lacking:
            grants = " and ".join(f"GRANT {grant}" for grant in lacking)
            what = f"the role has no right {' and '.join(lacking)}"
            raise PostgresFailure(what, f"ask the agency for {grants} TO the role in {self._snapshot.access.variable}")
        return int(oid), str(kind)

    def _types(self) -> dict[str, str]:
        """Column → type, in the table's order; a domain counts as what it stands for."""
        return dict(
            self._snapshot.rows(
                "SELECT a.attname::text AS name, coalesce(b.typname, t.typname)::text AS type FROM pg_attribute a "
                "JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON b.oid = nullif(t.typbasetype, 0) "
                f"WHERE a.attrelid = {self._oid} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
            )
        )

    def _check_watermark(self, types: Mapping[str, str]) -> None:
        watermark, lag = self._declared.watermark, self._declared.lag
        if watermark not in types:
            raise PostgresFailure(
                f"the table has no column {watermark} to be its watermark; it has {', '.join(types)}",
                "correct `watermark` in the contract's `table`",
            )
        if self._type not in (*TIMES, *NUMBERS):
            raise PostgresFailure(
                f"the watermark {watermark} is a {self._type}, which neither time nor number is",
                f"name a column of type {', '.join((*TIMES, *NUMBERS))} that grows whenever a row is written",
            )
        if lag is not None and bool(re.search("[a-z]", lag)) is not self._is_time:
            right = "a time such as `10 min`" if self._is_time else "a plain number"
            raise PostgresFailure(
                f"the watermark {watermark} is a {self._type}, and the lag {lag} is not of its kind",
                f"write `lag` in the contract's `table` as {right}",
            )

    def _limit(self) -> str:
        """The highest credible watermark: the server's clock now, in Beijing time where the column has no zone."""
        if not self._is_time:
            return f"{_literal(HIGHEST.get(self._type, HIGHEST_NUMERIC))}::{self._number}"
        return str(self._value(self._scalar(f"SELECT clock_timestamp()::{self._type}::text AS now")))

    @property
    def _number(self) -> str:
        return "numeric" if self._type == "numeric" else "int8"

    def _value(self, watermark: str | None) -> str:
        kind = self._type if self._is_time else self._number
        return f"{_literal(watermark)}::{kind}" if watermark is not None else f"NULL::{kind}"

    def _within_lag(self, bound: str) -> str:
        """The bound itself is within: a row of the same time may still be committed, and a date lasts the whole day."""
        lag = f"interval {_literal(self._lag)}" if self._is_time else f"{self._lag}::{self._number}"
        return f"{self._order} >= {self._value(bound)} - {lag} AND {self._order} <= {self._value(bound)}"

    def _unordered(self, bound: str | None) -> str:
        """Rows without a place up to the bound. What is above it lies in the future: else it were the bound."""
        return f"{self._order} IS NULL OR {self._order} > {self._value(bound)}" if bound is not None else "true"

    def _is_read(self, before: Mark, now: Mark) -> bool:
        """Whether the rows within the lag of the former bound are still those that were read."""
        assert before.bound is not None
        if before.lag != self._lag:
            return False
        late = now.late if now.bound == before.bound else self._fingerprint(self._within_lag(before.bound))
        return late == before.late

    def _fingerprint(self, condition: str) -> str:
        return str(
            self._scalar(
                "SELECT count(*) || ':' || coalesce(sum(hashtextextended((source.*)::text, 0)), 0) AS fingerprint "
                f"FROM {self._name} source WHERE {condition}"
            )
        )

    def _slices(self, condition: str, rows: int) -> list[tuple[int, str, str, int]]:
        """Numbered ranges of pages (from, below), and how many of the rows lie before each; empty ones are left out.

        They depend on the rows alone, so that every engine numbers the rows alike.
        """
        wanted = min(-(-rows // SLICE_ROWS), MOST_SLICES)
        if wanted <= 1 or self._kind not in PAGED:
            return [(0, _page(0), _page(LAST_PAGE), 0)]
        pages = self._pages()
        step = pages // wanted + 1
        low, high = f"('(' || place * {step} || ',0)')::tid", f"('(' || (place + 1) * {step} || ',0)')::tid"
        counted = self._snapshot.rows(
            f"SELECT place, (SELECT count(*) FROM {self._name} WHERE ({condition}) AND ctid >= {low} AND ctid < {high})"
            f" AS n FROM generate_series(0, {pages // step}) place ORDER BY place"
        )
        slices: list[tuple[int, str, str, int]] = []
        before = 0
        for place, found in counted:
            if found:
                slices.append((len(slices), _page(place * step), _page((place + 1) * step), before))
            before += found
        if before != rows:
            raise PostgresFailure(
                f"{before} of {rows} rows lie in the table's pages, so it cannot be read in parts",
                "name a view of the table in the contract, which is read as a whole",
            )
        return slices

    def _pages(self) -> int:
        """Pages of the table, or of the largest of its partitions."""
        return int(
            self._scalar(
                "SELECT max(pg_relation_size(one)) / current_setting('block_size')::int AS pages FROM (SELECT "
                f"{self._oid}::regclass AS one UNION ALL SELECT relid FROM pg_partition_tree({self._oid})) parts"
            )
        )

    def _scalar(self, query: str) -> Any:
        return self._snapshot.rows(query)[0][0]


def _json(columns: Mapping[str, str]) -> str:
    """One JSON object per row from text; a NULL cell has no key, and a row without any is NULL."""
    if not columns:
        return "NULL::text"
    keys = ", ".join(_literal(key) for key in columns)
    cells = ", ".join(_text(column) for column in columns.values())
    return f"nullif(jsonb_strip_nulls(jsonb_object(ARRAY[{keys}], ARRAY[{cells}]))::text, '{{}}')"


def _text(column: str | None) -> str:
    return "NULL::text" if column is None else f"source.{_quoted(column)}::text"


def _constant(value: str | datetime.datetime) -> str:
    if isinstance(value, datetime.datetime):
        return f"{_literal(value.isoformat())}::timestamptz"
    return f"{_literal(value)}::text"


def _page(number: int) -> str:
    return f"'({number},0)'::tid"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    # The backslash form means the same whatever standard_conforming_strings is set to.
    escaped = text.replace("'", "''")
    return f"E'{escaped.replace(chr(92), chr(92) * 2)}'" if "\\" in text else f"'{escaped}'"
