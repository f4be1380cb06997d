"""The engine for many machines: Spark computes, delta-spark writes; local, or on a cluster."""

from __future__ import annotations

import datetime
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
from delta.tables import DeltaTable
from ibis.backends.pyspark.datatypes import PySparkSchema, PySparkType
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql.functions import col, lit
from pyspark.sql.types import ArrayType, DataType, TimestampType

from pipelines.engines import delta_rs
from pipelines.engines.base import OPERATION, Engine, FeedGapError, Merge, ReadInParallel, matching
from pipelines.engines.checksums import ON_SPARK
from pipelines.engines.geometry import for_spark
from pipelines.engines.spark.regex import with_java_regexes
from pipelines.engines.spark.session import open_session
from pipelines.engines.spark.staging import Staging
from pipelines.settings import Settings
from pipelines.storage.store import spark_uri
from pipelines.tables.table import TableSpec

if TYPE_CHECKING:
    from pipelines.readers.delivery import Delivery
    from pipelines.readers.postgres.snapshot import Snapshot
    from pipelines.readers.postgres.table import Portion

STREAMED_ROWS = 10_000
# What a commit carries beside its rows. Settings and no options: not every way of writing has an option for it.
USER_METADATA = "spark.databricks.delta.commitInfo.userMetadata"
TRANSACTION = "spark.databricks.delta.write.txnAppId"
TRANSACTION_VERSION = "spark.databricks.delta.write.txnVersion"


class SparkEngine(Engine):
    """The process's Spark session. Expressions stay plans until a table is written; rows never reach this process."""

    def __init__(self, settings: Settings, staging: str) -> None:
        """`staging` is the URL of a folder that the workers see too."""
        self.session = open_session(settings)
        self.session.sql(ON_SPARK)
        self.ibis = ibis.pyspark.connect(self.session)
        self._staging = Staging(staging)
        self._retention = datetime.timedelta(days=settings.retention)
        self._views: dict[str, str] = {}
        self._empty: dict[TableSpec, ir.Table] = {}
        self._kept: dict[str, str] = {}

    def read(self, uri: str, version: int | None = None) -> ir.Table:
        if version is None:
            version = delta_rs.stored(uri).version()
        name = self._views.setdefault(f"{uri}@{version}", f"delta_{len(self._views)}")
        rows = self.session.read.format("delta").option("versionAsOf", version).load(spark_uri(uri))
        return self._named(rows, name)

    def changes(self, uri: str, first: int, last: int, columns: Sequence[str], name: str) -> ir.Table:
        reader = self.session.read.format("delta").option("readChangeFeed", "true")
        try:
            rows = reader.option("startingVersion", first).option("endingVersion", last).load(spark_uri(uri))
            return self.materialise(self._named(rows.select(*columns), f"{name}_read"), name)
        except (PySparkException, Py4JError) as error:
            raise FeedGapError(f"{uri}, versions {first} to {last}") from error

    def read_csv(self, path: Path) -> ir.Table:
        rows = self.session.read.csv(str(path), header=True, quote='"', escape='"', nullValue="\x01", multiLine=True)
        return self._named(rows.fillna(""), f"csv_{path.stem}")

    def read_in_parallel(
        self, delivery: Delivery, url: str, note_reason: Callable[[str], None]
    ) -> ReadInParallel | None:
        from pipelines.readers.parallel.splitting import NotSplittable, split_read, worth_splitting

        if not worth_splitting(delivery):
            return None
        found = split_read(self.session, spark_uri(url), delivery)
        if isinstance(found, NotSplittable):
            note_reason(found.reason)
            return None
        return ReadInParallel(self._shared(found.frame, "delivered_file"), found.rows)

    @contextmanager
    def read_postgres(self, snapshot: Snapshot, portion: Portion, spec: TableSpec) -> Iterator[ir.Table]:
        from pipelines.engines.spark.postgres import loaded

        with loaded(self.session, snapshot, portion, spec.names) as rows:
            yield self._named(rows, "postgres_portion")

    def taken_in(self, rows: pa.RecordBatchReader, name: str) -> ir.Table:
        with self._framed(rows) as frame:
            return self.materialise(self._named(frame, f"{name}_stream"), name)

    def materialise(self, expression: ir.Table, name: str) -> ir.Table:
        # Written and not kept in Spark's cache: what comes after has a plan of one node instead of thousands, which
        # Spark would compare with its cache for each query, and no worker can take the rows with it.
        place = self._staging.new(name)
        rows = self._frame(expression)
        rows.write.parquet(place)
        if before := self._kept.pop(name, None):
            self._staging.drop(before)
        self._kept[name] = place
        return self._named(self.session.read.schema(rows.schema).parquet(place), name)

    def empty(self, spec: TableSpec) -> ir.Table:
        if spec not in self._empty:
            # Not `createDataFrame`, which starts Python on the workers.
            kinds = PySparkSchema.from_ibis(spec.ibis_schema)
            rows = self.session.range(0).select(*(lit(None).cast(kind.dataType).alias(kind.name) for kind in kinds))
            self._empty[spec] = self._named(rows, f"empty_{len(self._empty)}")
        return self._empty[spec]

    def view(self, expression: ir.Table, name: str) -> str:
        self._frame(expression).createOrReplaceTempView(name)
        return name

    def named(self, expression: ir.Table, name: str) -> ir.Table:
        return self._named(self._frame(expression), name)

    def rows(self, expression: ir.Table) -> list[dict[str, Any]]:
        return self._frame(expression).toArrow().cast(expression.schema().to_pyarrow()).to_pylist()

    def stream(self, expression: ir.Table) -> pa.RecordBatchReader:
        schema = expression.schema().to_pyarrow()
        found = self._frame(expression).toLocalIterator()  # a partition at a time
        portions = iter(lambda: [row.asDict() for row in itertools.islice(found, STREAMED_ROWS)], [])
        return pa.RecordBatchReader.from_batches(
            schema, (pa.RecordBatch.from_pylist(rows, schema=schema) for rows in portions)
        )

    def scalar(self, expression: ir.Scalar) -> Any:
        return self.rows(expression.as_table())[0][expression.get_name()]

    def create(
        self,
        uri: str,
        spec: TableSpec,
        rows: ir.Table | pa.RecordBatchReader | None,
        metadata: str,
        once: str | None = None,
    ) -> None:
        if rows is None:  # nothing for executors to do, and a job of Spark's takes a second for it
            delta_rs.create(uri, spec, None, metadata, once, self._retention)
            return
        with self._framed(rows) as frame:
            # Not a `CREATE TABLE … AS`, which would also keep the table's title: it refuses a place where a write that
            # failed has left files.
            writer = (
                _titled(frame, spec)
                .write.format("delta")
                .mode("error")
                .partitionBy(*spec.partition_by)
                .options(**delta_rs.configuration(self._retention))
            )
            with self._commit_says(metadata, once):
                writer.save(spark_uri(uri))

    def append(self, uri: str, rows: ir.Table | pa.RecordBatchReader, metadata: str, once: str | None = None) -> None:
        with self._framed(rows) as frame, self._commit_says(metadata, once):
            frame.write.format("delta").mode("append").option("mergeSchema", "true").save(spark_uri(uri))

    @contextmanager
    def _framed(self, rows: ir.Table | pa.RecordBatchReader) -> Iterator[DataFrame]:
        """Rows as Spark has them; those of our own readers lie in the staging folder while they are needed."""
        if isinstance(rows, ir.Table):
            yield self._frame(rows)
            return
        # Said and not found out: Spark would start a job to look into the file.
        schema = PySparkSchema.from_ibis(ibis.Schema.from_pyarrow(rows.schema))
        with self._staging.staged(rows) as place:
            yield self.session.read.schema(schema).parquet(place)

    def merge(self, merge: Merge) -> None:
        columns = {name: f"source.`{name}`" for name in merge.changes.columns if name != OPERATION}
        upsert, delete = (f"source.{OPERATION} = '{operation}'" for operation in ("upsert", "delete"))
        with self._commit_says(merge.metadata):
            (
                DeltaTable.forPath(self.session, spark_uri(merge.uri))
                .alias("target")
                .merge(self._frame(merge.changes).alias("source"), matching(merge, quote="`"))
                .whenMatchedDelete(delete)
                .whenMatchedUpdate(upsert, set=columns)
                .whenNotMatchedInsert(upsert, values=columns)
                .execute()
            )

    def overwrite(self, uri: str, rows: ir.Table, spec: TableSpec, metadata: str) -> None:
        writer = (
            _titled(self._frame(rows), spec).write.format("delta").mode("overwrite").partitionBy(*spec.partition_by)
        )
        with self._commit_says(metadata):
            writer.option("overwriteSchema", "true").save(spark_uri(uri))

    def add_columns(self, uri: str, spec: TableSpec, names: list[str], metadata: str) -> None:
        kinds = PySparkSchema.from_ibis(spec.ibis_schema)
        added = ", ".join(
            f"`{name}` {kinds[name].dataType.simpleString()} COMMENT {_text(spec.column(name).title)}" for name in names
        )
        place = spark_uri(uri).replace("`", "``")
        with self._commit_says(metadata):
            self.session.sql(f"ALTER TABLE delta.`{place}` ADD COLUMNS ({added})")

    def interrupt(self) -> None:
        self.session.sparkContext.cancelAllJobs()

    def close(self) -> None:
        """Remove what was materialised. The session stays: a process has one, and starting it takes seconds."""
        self._kept.clear()
        self._staging.close()

    def _frame(self, expression: ir.Table) -> DataFrame:
        return self.session.sql(self.ibis.compile(with_java_regexes(for_spark(expression))))

    def _named(self, rows: DataFrame, name: str) -> ir.Table:
        """The rows as a table of Ibis."""
        rows.createOrReplaceTempView(name)
        return ops.DatabaseTable(name, _schema(rows), self.ibis).to_expr()

    def _shared(self, rows: DataFrame, name: str) -> ir.Table:
        """Rows of a session with settings of its own, as a table that this one sees."""
        rows.createOrReplaceGlobalTempView(name)
        place = ops.Namespace(database="global_temp")
        return ops.DatabaseTable(name, _schema(rows), self.ibis, place).to_expr()

    @contextmanager
    def _commit_says(self, metadata: str, once: str | None = None) -> Iterator[None]:
        """The commit inside carries `metadata`, and `once` as its application transaction."""
        json.loads(metadata)
        options = {USER_METADATA: metadata}
        if once:
            options |= {TRANSACTION: once, TRANSACTION_VERSION: "1"}
        for name, value in options.items():
            self.session.conf.set(name, value)
        try:
            yield
        finally:
            for name in options:
                self.session.conf.unset(name)


def _titled(rows: DataFrame, spec: TableSpec) -> DataFrame:
    return rows.select(
        *(col(column.name).alias(column.name, metadata={"comment": column.title}) for column in spec.columns)
    )


def _schema(rows: DataFrame) -> ibis.Schema:
    """Ibis's types of the columns. Spark's timestamps are instants, which Ibis takes for local times."""
    return ibis.schema({field.name: _kind(field.dataType) for field in rows.schema.fields})


def _kind(kind: DataType) -> dt.DataType:
    if isinstance(kind, TimestampType):
        return dt.Timestamp("UTC")
    if isinstance(kind, ArrayType):
        return dt.Array(_kind(kind.elementType))
    return PySparkType.to_ibis(kind)


def _text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
