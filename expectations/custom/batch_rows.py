"""Expectations that compare the rows of one batch with each other."""

from __future__ import annotations

from typing import Any, ClassVar

from great_expectations.compatibility import pydantic
from great_expectations.expectations import UnexpectedRowsExpectation

ROW, ROW_HASH = "_row", "_row_hash"


class BatchRowsExpectation(UnexpectedRowsExpectation):
    """Counts the rows that a query over the batch gives, which a subclass builds from `key` and `version`.

    The columns `_row` (number of the row) and `_row_hash` (of the row as sent) must be there. NULL is one value.
    """

    key: list[str]
    # A model of Great Expectations has an attribute `version` already.
    version_column: str | None = pydantic.Field(None, alias="version")
    unexpected_rows_query: str = ""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count", "table.row_count")

    @pydantic.root_validator(pre=True)
    @classmethod
    def _build_query(cls, values: dict[str, Any]) -> dict[str, Any]:
        # Great Expectations builds an expectation again from its own fields, where the name is the second one.
        version = values.get("version", values.get("version_column"))
        return {**values, "unexpected_rows_query": cls.query(list(values["key"]), version)}

    @classmethod
    def query(cls, key: list[str], version: str | None) -> str:
        """The unexpected rows as SQL, `{batch}` standing for the batch."""
        raise NotImplementedError

    def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        unexpected = metrics["unexpected_rows_query.row_count"]
        rows = metrics["table.row_count"]
        counts = {"element_count": rows, "unexpected_count": unexpected, "observed_value": unexpected}
        return {"success": unexpected == 0, "result": counts}


class ExpectRowsNotToContradictInBatch(BatchRowsExpectation):
    """Expect no two rows with the same key and version but another content.

    A row without a key contradicts none; that it lacks its key is for another rule.
    """

    @classmethod
    def query(cls, key: list[str], version: str | None) -> str:
        same = [*key, version] if version else key
        keyed = " AND ".join(f"{_quoted(name)} IS NOT NULL" for name in key)
        return f"""
            SELECT one.{_quoted(ROW)} FROM {{batch}} AS one JOIN (
                SELECT {_listed(same)} FROM {{batch}} WHERE {keyed} GROUP BY {_listed(same)}
                HAVING MIN({_quoted(ROW_HASH)}) <> MAX({_quoted(ROW_HASH)})
            ) AS rivals ON {_equal("one", "rivals", same)}"""


class ExpectRowsNotToRepeatInBatch(BatchRowsExpectation):
    """Expect no row to come again; every copy after the first is unexpected."""

    @classmethod
    def query(cls, key: list[str], version: str | None) -> str:
        same = [ROW_HASH, *key]
        return f"""
            SELECT one.{_quoted(ROW)} FROM {{batch}} AS one JOIN (
                SELECT {_listed(same)}, MIN({_quoted(ROW)}) AS _first FROM {{batch}} GROUP BY {_listed(same)}
                HAVING COUNT(*) > 1
            ) AS copies ON {_equal("one", "copies", same)} WHERE one.{_quoted(ROW)} > copies._first"""


def _quoted(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _listed(columns: list[str]) -> str:
    return ", ".join(map(_quoted, columns))


def _equal(left: str, right: str, columns: list[str]) -> str:
    return " AND ".join(f"{left}.{_quoted(name)} IS NOT DISTINCT FROM {right}.{_quoted(name)}" for name in columns)
