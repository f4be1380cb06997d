"""The Spark session: one per process, with Delta and Sedona, set so that results equal the embedded engine's."""

from __future__ import annotations

import logging
import os
import re
import tempfile
from pathlib import Path

from pyspark.logger import PySparkLogger
from pyspark.sql import SparkSession

from pipelines.engines.spark.launch import launch
from pipelines.engines.spark.watch import watch
from pipelines.settings import Settings
from pipelines.storage.memory import in_bytes
from pipelines.storage.store import s3_access

DELTA = "io.delta:delta-spark_4.0_2.13:4.4.0"
SEDONA = ("org.apache.sedona:sedona-spark-shaded-4.0_2.13:1.8.0", "org.datasyslab:geotools-wrapper:1.8.1-33.1")
# Spark reads what agencies deliver in PostgreSQL through this driver.
POSTGRESQL = "org.postgresql:postgresql:42.7.7"
# Exactly the Hadoop version that PySpark carries; it brings half a gigabyte along, so only lakes on S3 ask for it.
HADOOP_AWS = "org.apache.hadoop:hadoop-aws:3.4.1"


def open_session(settings: Settings) -> SparkSession:
    """The session that this process has, or a new one on `HUILIU_SPARK_MASTER`.

    Jars are fetched once by Maven coordinates and kept in Ivy's folder. Spark keeps one session per process, so a
    second call with other settings returns the first one's. Raises SparkFailure where Spark does not start.
    """
    if settings.spark_master.startswith("local"):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    conf = {**session_conf(settings), **settings.spark_conf}
    new = launch(settings.spark_master, conf)
    session = SparkSession.builder.config(map=conf).getOrCreate()
    if new:
        # Spark's own log quotes rows in its errors; what goes wrong reaches people through our own words.
        session.sparkContext.setLogLevel("OFF")
        for name in ("DataFrameQueryContextLogger", "SQLQueryContextLogger"):
            PySparkLogger.getLogger(name).disabled = True
        logging.getLogger().addFilter(_is_not_of_py4j)
        watch(session.sparkContext)
    return session


def _is_not_of_py4j(record: logging.LogRecord) -> bool:
    """py4j logs the error with which a connection ended, and raises it as well; not of its own name, but the root's."""
    return record.module != "java_gateway"


def packages(settings: Settings) -> list[str]:
    """Maven coordinates of the jars that a session needs."""
    return [DELTA, *SEDONA, POSTGRESQL, *([HADOOP_AWS] if settings.lake.is_s3 else [])]


def session_conf(settings: Settings) -> dict[str, str]:
    """Spark's settings for a session of ours; `HUILIU_SPARK_CONF` stands above them."""
    # Intersections by the same algorithm as DuckDB's GEOS: the older one gives other vertices.
    overlay = "-Djts.overlay=ng"
    conf = {
        "spark.jars.packages": ",".join(packages(settings)),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension,org.apache.sedona.sql.SedonaSqlExtensions",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.serializer": "org.apache.spark.serializer.KryoSerializer",
        "spark.kryo.registrator": "org.apache.sedona.core.serde.SedonaKryoRegistrator",
        "spark.driver.extraJavaOptions": overlay,
        "spark.executor.extraJavaOptions": overlay,
        # Spark makes this folder wherever it is started, and we never write a table into it.
        "spark.sql.warehouse.dir": (Path(tempfile.gettempdir()) / "spark-warehouse").as_uri(),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.databricks.delta.properties.defaults.enableDeletionVectors": "false",
        # A commit without rows carries a watermark, which Spark would leave out.
        "spark.databricks.delta.skipRecordingEmptyCommits": "false",
        # Spark writes every plan out for its web page, and ours run to megabytes.
        "spark.sql.maxPlanStringLength": "65536",
        # What follows from conditions was inferred until the heap was full, for a plan that names its rows many times
        # over (marriage); no plan of ours is better for it.
        "spark.sql.constraintPropagation.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        **s3_conf(settings),
    }
    if settings.spark_master.startswith("local"):
        conf["spark.driver.memory"] = java_memory(settings.memory)
        # As many as cores, and not Spark's 200: on one machine every further one is a file and a task more.
        conf["spark.sql.shuffle.partitions"] = str(_local_cores(settings.spark_master))
    return conf


def s3_conf(settings: Settings) -> dict[str, str]:
    """How Hadoop reaches a lake on S3; raises StoreError where the environment has no credentials.

    The credentials are not in it: a setting shows in the process list. The driver takes them from its environment,
    which is this process's, and hands them to the executors.
    """
    if not settings.lake.is_s3:
        return {}
    access = s3_access()
    provider = "TemporaryAWSCredentialsProvider" if access.token else "SimpleAWSCredentialsProvider"
    conf = {
        "aws.credentials.provider": f"org.apache.hadoop.fs.s3a.{provider}",
        "endpoint.region": access.region,
        # Hadoop would try for a quarter of an hour; a store that is gone must be told sooner.
        "attempts.maximum": "3",
        "retry.limit": "3",
        "connection.establish.timeout": "5s",
    }
    if access.url:
        conf |= {
            "endpoint": access.url,
            "path.style.access": "true",
            "connection.ssl.enabled": str(access.tls).lower(),
        }
    return {f"spark.hadoop.fs.s3a.{name}": value for name, value in conf.items()}


def java_memory(memory: str) -> str:
    """`2GB`, `1.5 GiB` as Java writes it (`2048m`, `1536m`), in binary units."""
    binary = memory if memory.endswith("iB") else f"{memory.removesuffix('B')}iB"
    return f"{max(1, int(in_bytes(binary) / 2**20))}m"


def _local_cores(master: str) -> int:
    asked = re.fullmatch(r"local\[(\d+).*\]", master)
    return int(asked[1]) if asked else len(os.sched_getaffinity(0))
