"""Rule: one check on the rows or the whole of a source's batch, generated from elements or declared as expectation."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from pydantic import ConfigDict, Field

from pipelines.declarations.contract import DELETE_FLAG, Column, Contract
from pipelines.declarations.element import Check, Element, Severity
from pipelines.declarations.reading import Declared

SENT = "__sent"
UPSERT, SOUND = "_upsert", "_sound"
VERSION, LATEST_VERSION = "_version", "_latest_version"
ROW_NUMBER, BATCH, RECEIVED_AT, RECEIVED_ON, ROW_HASH = "_row", "_batch", "_received_at", "_received_on", "_row_hash"
FLAGS, RULES = "_flags", "_rules"
# The types that are given the values of their element's code list.
OF_LISTED = ("expect_column_values_to_be_in_set", "expect_column_values_to_be_several_in_set")


class Expectation(Declared):
    """A business rule of `expectations/<db>/<table>.yml`: a Great Expectations type with its arguments.

    A rule that names `elements` is for the sources that have columns of them, and its type is told these columns as
    `of_columns`. `only` names columns and the codes in them that a row must have for a rule on its own values to apply.
    `patterns_of` names a code list and a further column of its file, `<list>.<column>`: what stands there for a code is
    that code's pattern, for a type that takes `patterns`.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    rule: str
    type: str
    severity: Severity = "critical"
    title: str
    elements: tuple[str, ...] = ()
    patterns_of: str | None = None
    only: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class Rule(Declared):
    """A rule ready to run: `arguments` are the expectation's, columns included.

    `where` names columns that must not be NULL for the rule to apply, `only` columns that must hold one of these codes.
    `code` is `<column>.<check>`, or the name of a business rule.
    """

    code: str
    title: str
    severity: Severity
    type: str
    arguments: dict[str, Any]
    where: tuple[str, ...] = ()
    only: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    standard: str | None = None

    @property
    def columns(self) -> list[str]:
        """The columns that the rule looks at; empty for a rule on the whole row or table."""
        found = [self.arguments.get(name) for name in ("column", "column_A", "column_B")]
        return [name for name in found if name]

    @property
    def needs(self) -> list[str]:
        """Those of `columns` without which there is nothing to check: a code can be judged without its type too."""
        if self.arguments.get("both_ways"):
            return [self.arguments["column_B"]]
        return [self.arguments["column_A"]] if self.arguments.get("untyped") else self.columns

    @property
    def compares_rows(self) -> bool:
        """Whether it compares the rows of a batch with each other."""
        return self.type.startswith("expect_rows_")

    @property
    def on_table(self) -> bool:
        return self.type.startswith("expect_table_")


def column_rules(
    column: Column, element: Element, codes: Callable[[str], list[str]], where: tuple[str, ...] = ()
) -> Iterator[Rule]:
    """What a column must satisfy: to be there if it is required, and every check of its element.

    `codes` gives the values of a code list by its name; `where` names columns without which no rule applies.
    """
    sent = column.name if element.is_text else column.name + SENT
    if column.required:
        yield Rule(
            code=f"{column.name}.required",
            title=f"{column.title}：不得为空",
            severity="critical",
            type="expect_column_values_to_not_be_null",
            arguments={"column": sent},
            where=where,
        )
    for name, check in element.checks.items():
        yield Rule(
            code=f"{column.name}.{name}",
            title=f"{column.title}：{check.title}",
            severity=check.severity,
            type=check.type,
            arguments=_placed(column.name, check) | _listed(element, check, codes),
            where=(*where, sent) if check.where == "sent" else where,
            standard=element.standard,
        )


def business_rule(
    expectation: Expectation, contract: Contract, facts: Callable[[str], dict[str, str]] = lambda _: {}
) -> Rule:
    """A declared expectation as a rule; one that compares rows of a batch is told the source's key and version.

    `facts` gives what a column of a code list says of its codes, by `<list>.<column>`.

    A row that is wrong by itself is no part of a comparison: it would drag its good twin along.
    """
    rule = Rule(
        code=expectation.rule,
        title=expectation.title,
        severity=expectation.severity,
        type=expectation.type,
        arguments=_with_patterns(expectation, facts),
        only=expectation.only,
    )
    if rule.compares_rows:
        within = {"key": list(contract.key), "version": contract.version}
        return rule.model_copy(update={"arguments": rule.arguments | within, "where": (SOUND,)})
    return rule if rule.on_table else rule.model_copy(update={"where": where_content(contract, *rule.columns)})


def _with_patterns(expectation: Expectation, facts: Callable[[str], dict[str, str]]) -> dict[str, Any]:
    arguments = dict(expectation.model_extra or {})
    return arguments | {"patterns": facts(expectation.patterns_of)} if expectation.patterns_of else arguments


def where_content(contract: Contract, *columns: str) -> tuple[str, ...]:
    """Where a rule on `columns` applies: a row that deletes its key must give the key and the version, nothing else."""
    identifies = bool(columns) and {*columns} <= {*contract.key, contract.version}
    return () if identifies or contract.delete_flag is None else (UPSERT,)


def delivery_rules(contract: Contract, dated: bool, operations: Collection[str]) -> Iterator[Rule]:
    """What a row must say of itself: a version that is not ahead of its receipt, and a flag that is known.

    `dated` says that the version is a date or time; `operations` are the codes of the list `operation`.
    """
    if dated and contract.version:
        version = contract.column(contract.version)
        yield Rule(
            code="version.future",
            title=f"{version.title}：不应晚于收到时间一天以上（晚于者不优先于其他版本）",
            severity="warning",
            type="expect_column_pair_values_a_to_be_greater_than_b",
            arguments={"column_A": LATEST_VERSION, "column_B": version.name, "or_equal": True},
        )
        if not version.required:
            yield Rule(
                code="version.stated",
                title=f"{version.title}：未填写，以收到时间为准",
                severity="warning",
                type="expect_column_values_to_not_be_null",
                arguments={"column": version.name + SENT},
            )
    if flag := contract.delete_flag:
        yield Rule(
            code=f"{DELETE_FLAG}.known",
            title=f"{flag.column}：应为已知的操作标志",
            severity="critical",
            type="expect_column_values_to_be_in_set",
            arguments={"column": DELETE_FLAG, "value_set": [*dict.fromkeys((*operations, flag.value, *flag.keeps))]},
        )


def _placed(column: str, check: Check) -> dict[str, Any]:
    """The check's arguments with the column in the place that the check leaves open."""
    arguments = check.arguments
    open_place = "column_B" if "column_A" in arguments else "column_A" if "column_B" in arguments else "column"
    return {**arguments, open_place: column}


def _listed(element: Element, check: Check, codes: Callable[[str], list[str]]) -> dict[str, Any]:
    name = check.codes or (element.codes if check.type in OF_LISTED else None)
    return {"value_set": codes(name)} if name else {}
