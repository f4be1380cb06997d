"""Rule: one check on the rows or the whole of a source's batch, generated from elements or declared as expectation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pydantic import ConfigDict

from pipelines.declarations.contract import Column, Contract
from pipelines.declarations.element import Check, Element, Severity
from pipelines.declarations.reading import Declared

SENT = "__sent"
ROW_NUMBER, BATCH, RECEIVED_AT, RECEIVED_ON, ROW_HASH = "_row", "_batch", "_received_at", "_received_on", "_row_hash"
FLAGS, RULES = "_flags", "_rules"


class Expectation(Declared):
    """A business rule of `expectations/<db>/<table>.yml`: a Great Expectations type with its arguments."""

    model_config = ConfigDict(extra="allow", frozen=True)

    rule: str
    type: str
    severity: Severity = "critical"
    title: str


class Rule(Declared):
    """A rule ready to run: `arguments` are the expectation's, columns included.

    `where` names columns that must not be NULL for the rule to apply. `code` is `<column>.<check>`, or the name
    of a business rule.
    """

    code: str
    title: str
    severity: Severity
    type: str
    arguments: dict[str, Any]
    where: tuple[str, ...] = ()
    standard: str | None = None

    @property
    def columns(self) -> list[str]:
        """The columns that the rule looks at; empty for a rule on the whole row or table."""
        found = [self.arguments.get(name) for name in ("column", "column_A", "column_B")]
        return [name for name in found if name]

    @property
    def on_table(self) -> bool:
        return self.type.startswith("expect_table_")


def column_rules(column: Column, element: Element, codes: Callable[[str], list[str]]) -> Iterator[Rule]:
    """What a column must satisfy: to be there if it is required, and every check of its element.

    `codes` gives the values of a code list by its name.
    """
    sent = column.name if element.is_text else column.name + SENT
    if column.required:
        yield Rule(
            code=f"{column.name}.required",
            title=f"{column.title}：不得为空",
            severity="critical",
            type="expect_column_values_to_not_be_null",
            arguments={"column": sent},
        )
    for name, check in element.checks.items():
        yield Rule(
            code=f"{column.name}.{name}",
            title=f"{column.title}：{check.title}",
            severity=check.severity,
            type=check.type,
            arguments=_placed(column.name, check) | _listed(element, check, codes),
            where=(sent,) if check.where == "sent" else (),
            standard=element.standard,
        )


def business_rule(expectation: Expectation, contract: Contract) -> Rule:
    """A declared expectation as a rule; one that compares rows of a batch is told the source's key and version."""
    within = {"key": list(contract.key), "version": contract.version}
    return Rule(
        code=expectation.rule,
        title=expectation.title,
        severity=expectation.severity,
        type=expectation.type,
        arguments=(expectation.model_extra or {}) | (within if expectation.type.startswith("expect_rows_") else {}),
    )


def _placed(column: str, check: Check) -> dict[str, Any]:
    """The check's arguments with the column in the place that the check leaves open."""
    said = check.arguments
    open_place = "column_B" if "column_A" in said else "column_A" if "column_B" in said else "column"
    return {**said, open_place: column}


def _listed(element: Element, check: Check, codes: Callable[[str], list[str]]) -> dict[str, Any]:
    name = check.codes or (element.codes if check.type == "expect_column_values_to_be_in_set" else None)
    return {"value_set": codes(name)} if name else {}
