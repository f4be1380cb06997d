"""Validating one batch: counts per rule, and a result without a single value of the data."""

from __future__ import annotations

import datetime
import functools
import json
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pipelines.declarations.rule import BATCH, Rule
from pipelines.engines.base import Engine
from pipelines.engines.duckdb.engine import DuckDBEngine
from pipelines.rules.great_expectations.deferred import deferred
from pipelines.rules.great_expectations.number_of_rows import NumberOfRows
from pipelines.rules.great_expectations.second_reading import Reading, alike

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from great_expectations import ExpectationSuite
    from great_expectations.core import ExpectationSuiteValidationResult
    from great_expectations.data_context import AbstractDataContext
    from great_expectations.datasource.fluent.interfaces import Batch

    from pipelines.engines.spark.engine import SparkEngine

# Counts only: no examples of values, which may be personal data.
RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}
SHOWN_VALUES = 12  # a longer value set is kept as its length
AT_ONCE = 200  # batches that are told apart in one query

_LOADING = threading.Lock()


class NotValidatedError(Exception):
    """Great Expectations could not evaluate a rule; the message names source, batch and rules, and no value."""


@dataclass(frozen=True)
class Outcome:
    """How one rule fared. `evaluated` is the number of rows it applied to, None for a rule on the whole table.

    `unexpected` counts the rows that break it; for a rule on the whole table it is 0 or 1. `row_sum` is the sum of
    these rows' numbers, None for a rule on the whole table; `first_row` is the least of them, where it is asked for.
    """

    rule: str
    evaluated: int | None
    unexpected: int
    success: bool
    row_sum: int | None = None
    first_row: int | None = None


@dataclass(frozen=True)
class Validation:
    """One validated batch. `result` is Great Expectations' own result as JSON, free of values of the data."""

    source: str
    batch: str
    outcomes: dict[str, Outcome]
    result: str

    @property
    def validated_at(self) -> datetime.datetime:
        """When Great Expectations was given the rows."""
        moment = json.loads(self.result)["meta"]["batch_markers"]["ge_load_time"]
        return datetime.datetime.strptime(moment, "%Y%m%dT%H%M%S.%f%z")

    def to_json(self) -> str:
        """All of it as one JSON text, to be kept and read back with `from_json`."""
        kept = {"source": self.source, "batch": self.batch, "result": json.loads(self.result)}
        return json.dumps(kept, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Validation:
        kept = json.loads(text)
        outcomes = {outcome.rule: outcome for outcome in map(_outcome, kept["result"]["results"])}
        return cls(kept["source"], kept["batch"], outcomes, json.dumps(kept["result"], ensure_ascii=False))


@functools.cache
def warm_up() -> threading.Thread:
    """Import Great Expectations in the background, while the caller reads files; `validate` waits for it.

    To be called where there is something to validate, by one thread at a time; once is enough for a process.
    """
    # It brings SQLAlchemy's ORM along, at which SQLAlchemy looks for each statement of the lease and of Dagster: while
    # that is half imported, both would fail.
    import sqlalchemy.orm  # noqa: F401

    # Waited for at the process's end too: an interpreter that ends in the midst of an extension's import is aborted.
    thread = threading.Thread(target=_load, name="great-expectations-import")
    thread.start()
    return thread


def validate(
    engine: Engine, view: str, rules: Sequence[Rule], *, source: str, batch: str, readings: Sequence[Reading] = ()
) -> Validation:
    """Count in `view` (a table or view that `engine` sees) the rows that break each rule.

    Columns: those that the rules name, `_row`, and `_batch` and `_row_hash` for rules that compare rows. What has
    `readings` is read again in `<column>__cell`, counted as read there, and compared with what the view has: the
    outcome is among the others, by the reading's `code`. The view is read once for the number of rows, once for all
    rules on single rows, and once for each rule that compares rows: materialise it if it is not cheap. No row leaves
    the engine.
    To be called in the thread that uses the engine: one DuckDB connection shared by threads counts wrongly.
    Raises NotValidatedError where a rule cannot be evaluated, UnknownTypeError or ValueError for a rule that is
    no expectation.
    """
    _load()
    rules = [*rules, *alike(readings)]
    result = _run(engine, view, rules, f"{source}.{batch}", readings)
    _check_evaluated(result, source, batch)
    shown = _without_values(result)
    places = {rule.code: place for place, rule in enumerate(rules)}
    shown["results"].sort(key=lambda shown_result: places[shown_result["expectation_config"]["meta"]["rule"]])
    outcomes = {outcome.rule: outcome for outcome in map(_outcome, shown["results"])}
    return Validation(source, batch, outcomes, json.dumps(shown, ensure_ascii=False))


def validate_each(
    engine: Engine, rows: ir.Table, rules: Sequence[Rule], batches: Sequence[str], *, source: str
) -> dict[str, tuple[str, ...]]:
    """The codes of those of `rules`, all of them on a whole table, that each of `batches` breaks by itself, in order.

    `rows` have each its `_batch`. Rules that can be put to some of the rows are put to those of every batch in one
    validation: to begin one takes as long as to judge many batches of a row. Raises as `validate` does.
    """
    _load()
    from pipelines.rules.great_expectations.suite import takes_rows_of_one

    together = [rule for rule in rules if takes_rows_of_one(rule)]
    apart = [rule for rule in rules if rule not in together]
    broken = _broken_together(engine, engine.view(rows, "new_rows"), together, batches, source) if together else set()
    for batch in batches if apart else ():
        view = engine.view(rows.filter(rows[BATCH] == batch), "new_batch")
        outcomes = validate(engine, view, apart, source=source, batch=batch).outcomes
        broken |= {(batch, code) for code, outcome in outcomes.items() if not outcome.success}
    return {batch: tuple(rule.code for rule in rules if (batch, rule.code) in broken) for batch in batches}


def _broken_together(
    engine: Engine, view: str, rules: Sequence[Rule], batches: Sequence[str], source: str
) -> set[tuple[str, str]]:
    """Each batch with the code of a rule that it breaks."""
    from pipelines.rules.great_expectations.suite import build_suite_of_each

    broken = set()
    for first in range(0, len(batches), AT_ONCE):
        asked = batches[first : first + AT_ONCE]
        suite = build_suite_of_each(source, rules, asked)
        result = _validated(engine, view, suite, f"{source}.{asked[-1]}", ())
        _check_evaluated(result, source, asked[-1])
        metas = [found.expectation_config.meta for found in result.results if not found.success]
        broken |= {(meta["batch"], meta["rule"]) for meta in metas}
    return broken


def _load() -> None:
    """Import what needs Great Expectations, one thread at a time: a second one gets modules that are half imported."""
    with _LOADING, deferred("scipy.stats", "altair"):
        from pipelines.rules.great_expectations import on_duckdb, on_spark, suite, wording  # noqa: F401

        # Great Expectations logs the texts of database errors, and those quote values.
        logging.getLogger("great_expectations").setLevel(logging.CRITICAL + 1)


def _run(
    engine: Engine, view: str, rules: Sequence[Rule], name: str, readings: Sequence[Reading]
) -> ExpectationSuiteValidationResult:
    from pipelines.rules.great_expectations.suite import build_suite

    return _validated(engine, view, build_suite(name, rules), name, readings)


def _validated(
    engine: Engine, view: str, suite: ExpectationSuite, name: str, readings: Sequence[Reading]
) -> ExpectationSuiteValidationResult:
    import great_expectations
    from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults

    # Stores in memory, and no site of its own in a temporary folder.
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        progress_bars={"globally": False},
        analytics_enabled=False,
    )
    context = great_expectations.get_context(mode="ephemeral", project_config=config)
    try:
        return _batch(context, engine, view, name, readings).validate(suite, result_format=RESULT_FORMAT)
    except Exception as error:
        problem = type(error).__name__
    # Raised out here: the error itself, which may quote values, must not come along as this one's context.
    raise NotValidatedError(f"{name}: Great Expectations could not read the rows in {view} ({problem})")


def _batch(context: AbstractDataContext, engine: Engine, view: str, name: str, readings: Sequence[Reading]) -> Batch:
    from pipelines.rules.great_expectations import on_duckdb, on_spark

    if isinstance(engine, DuckDBEngine):
        return on_duckdb.batch_of(context, engine.connection_for(view), view, name, readings)
    return on_spark.batch_of(context, cast("SparkEngine", engine).session, view, name, readings)


def _check_evaluated(result: ExpectationSuiteValidationResult, source: str, batch: str) -> None:
    raised = {failed.expectation_config.meta["rule"] for failed in result.results if _exceptions(failed.exception_info)}
    if raised:
        raise NotValidatedError(
            f"{source}, batch {batch}: Great Expectations could not evaluate {', '.join(sorted(raised))}; "
            "check that the columns exist and have the type that the expectation needs"
        )


def _exceptions(info: dict[str, Any] | None) -> bool:
    """Whether an expectation or one of its metrics raised: the information is flat, or one entry per metric."""
    if not info:
        return False
    return any(
        bool(raised.get("raised_exception")) for raised in ([info] if "raised_exception" in info else info.values())
    )


def _without_values(result: ExpectationSuiteValidationResult) -> dict[str, Any]:
    """The result as plain JSON for keeping: no values observed, long value sets cut, each rule put into words."""
    from pipelines.rules.great_expectations.wording import wording

    plain: dict[str, Any] = result.to_json_dict()
    for shown, found in zip(plain["results"], result.results, strict=True):
        unexpected = found.result.get("unexpected_count")
        if isinstance(unexpected, NumberOfRows):
            shown["result"] |= {"unexpected_row_sum": unexpected.row_sum, "first_unexpected_row": unexpected.first_row}
        shown["exception_info"] = {"raised_exception": False, "exception_traceback": None, "exception_message": None}
        # Anything but a number may be a value of the data: a maximum, the most common value, a list of them.
        shown["result"] = {
            name: value for name, value in shown["result"].items() if isinstance(value, int | float | None)
        }
        config = shown["expectation_config"]
        arguments = config["kwargs"]
        if arguments.get("value_set"):
            arguments["value_set"] = _shown_set(arguments["value_set"])
        config["meta"]["wording"] = wording(config["type"], arguments)
    return plain


def _shown_set(values: list[Any]) -> list[Any]:
    from pipelines.rules.great_expectations.value_sets import unpacked

    shown = unpacked(values) if all(isinstance(value, str) for value in values) else values
    return shown if len(shown) <= SHOWN_VALUES else [f"{len(shown)} values"]


def _outcome(counted: dict[str, Any]) -> Outcome:
    config, result, success = counted["expectation_config"], counted["result"], bool(counted["success"])
    rule = config["meta"]["rule"]
    if config["type"].startswith("expect_table_") or "element_count" not in result:
        return Outcome(rule, None, int(not success), success)
    evaluated = (result.get("element_count") or 0) - (result.get("missing_count") or 0)
    row_sum, first_row = result.get("unexpected_row_sum"), result.get("first_unexpected_row")
    return Outcome(rule, evaluated, result.get("unexpected_count") or 0, success, row_sum, first_row)
