"""The engines by the names that `HUILIU_ENGINE` gives them, and how each is made."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping

from pipelines.engines.base import Engine
from pipelines.settings import EngineName, Settings


def open_engine(settings: Settings) -> Engine:
    """The engine that `HUILIU_ENGINE` names. Only that one is imported: Spark is no part of the embedded install."""
    return ENGINES[settings.engine](settings)


def _duckdb(settings: Settings) -> Engine:
    from pipelines.engines.duckdb.engine import DuckDBEngine

    return DuckDBEngine(settings.memory, datetime.timedelta(days=settings.retention), settings.cache)


def _spark(settings: Settings) -> Engine:
    from pipelines.engines.spark.engine import SparkEngine

    return SparkEngine(settings, settings.lake.url("_staging"))


ENGINES: Mapping[EngineName, Callable[[Settings], Engine]] = {EngineName.DUCKDB: _duckdb, EngineName.SPARK: _spark}
