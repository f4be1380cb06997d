"""A few rows through everything that a run on Spark needs: executors, Delta in the lake, Sedona."""

from __future__ import annotations

import uuid

from pyspark.sql import SparkSession, functions

from pipelines.storage.store import Store, spark_uri

ROWS = 3


def try_spark(session: SparkSession, store: Store) -> str:
    """Write, read and remove a small Delta table in the lake, and let Sedona measure an area; what answered.

    Raises what Spark raises. Where it ends in the middle, a folder `_trial` is left in the lake: it is no table.
    """
    place = spark_uri(store.uri(f"_trial/{uuid.uuid4().hex}"))
    squares = functions.expr("ST_Area(ST_PolygonFromEnvelope(0D, 0D, 1D, CAST(side AS DOUBLE)))")
    sides = session.range(1, ROWS + 1).withColumnRenamed("id", "side")
    hadoop = session._jvm.org.apache.hadoop.fs.Path(place)
    files = hadoop.getFileSystem(session._jsc.hadoopConfiguration())
    try:
        sides.withColumn("area", squares).write.format("delta").save(place)
        area = session.read.format("delta").load(place).agg(functions.sum("area")).collect()[0][0]
    finally:
        files.delete(hadoop, True)
        files.delete(hadoop.getParent(), False)
    assert area == ROWS * (ROWS + 1) / 2
    context = session.sparkContext
    # The driver is among them; a local master has nothing else.
    executors = context._jsc.sc().getExecutorMemoryStatus().size() - (not context.master.startswith("local"))
    return f"Spark {session.version} on {context.master}, {executors} executor(s)"
