"""The one Spark session that all Spark tests of a process share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from pyspark.sql import SparkSession

from pipelines.settings import Settings

# A run is more queries than Spark remembers by default, and tests look at the plans of all.
CONF = {"spark.ui.enabled": "false", "spark.sql.ui.retainedExecutions": "10000"}
SPARK = Settings(engine="spark", spark_master="local[2]", memory="3GB", spark_conf=CONF)
# Small data does not live to see what Java's second compiler makes of it, and pays for it. With the first one alone the
# room for compiled code shrinks, and Spark fills it.
JAVA_FOR_SMALL_DATA = {"JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=512m"}


@pytest.fixture(scope="session")
def spark_session() -> Iterator[SparkSession]:
    """A session in this process's own JVM, stopped at the end."""
    from pipelines.engines.spark.session import open_session

    with patch.dict(os.environ, JAVA_FOR_SMALL_DATA):
        session = open_session(SPARK)
    yield session
    session.stop()
