"""A source's rules as a Great Expectations suite."""

from __future__ import annotations

import functools
import importlib
import operator
from collections.abc import Mapping, Sequence
from typing import Any

from great_expectations import ExpectationSuite
from great_expectations.exceptions import ExpectationNotFoundError
from great_expectations.expectations.expectation import ColumnPairMapExpectation, Expectation
from great_expectations.expectations.registry import get_expectation_impl
from great_expectations.expectations.row_conditions import Column

from pipelines.declarations.rule import BATCH, Rule
from pipelines.rules.great_expectations.value_sets import packed

CUSTOM = "expectations.custom"
READ_ALIKE = "expect_column_pair_values_to_be_read_alike"


class UnknownTypeError(ValueError):
    """A rule names an expectation type that is neither in Great Expectations nor in `expectations/custom`."""


def build_suite(name: str, rules: Sequence[Rule]) -> ExpectationSuite:
    """One expectation per rule, in the rules' order; `meta["rule"]` holds the rule's code.

    Raises UnknownTypeError, and ValueError where a rule's arguments do not suit its type.
    """
    suite = ExpectationSuite(name=name)
    # `add_expectation` compares with all that went before, and stores the suite each time.
    suite.expectations = [_expectation(rule) for rule in rules]
    return suite


def build_suite_of_each(name: str, rules: Sequence[Rule], batches: Sequence[str]) -> ExpectationSuite:
    """Per batch one expectation for each rule that `takes_rows_of_one`; `meta["batch"]` holds the batch's name."""
    suite = ExpectationSuite(name=name)
    suite.expectations = [
        _expectation(rule, {"batch": batch}, row_condition=Column(BATCH) == batch)
        for batch in batches
        for rule in rules
    ]
    return suite


def takes_rows_of_one(rule: Rule) -> bool:
    """Whether a rule on a table can be put to the rows of one batch among those of others, as a condition on rows.

    Some types take none, a rule may have one of its own, and what compares tables would put it to the other one too.
    """
    kind = expectation_class(rule)
    takes = "row_condition" in kind.__fields__ and "row_condition" in kind.domain_keys
    return takes and "row_condition" not in rule.arguments and "other_table_name" not in kind.__fields__


def _expectation(rule: Rule, meta: Mapping[str, str] | None = None, **more: Any) -> Expectation:
    kind = expectation_class(rule)
    settings: dict[str, Any] = {
        **rule.arguments,
        "severity": rule.severity,
        "meta": {"rule": rule.code, **(meta or {})},
    }
    settings |= {"description": rule.title, **more}
    values = rule.arguments.get("value_set")
    if values and all(isinstance(value, str) for value in values):
        settings["value_set"] = packed(values)
    conditions = [Column(name).is_not_null() for name in rule.where]
    conditions += [Column(name).is_in(codes) for name, codes in rule.only.items()]
    if conditions:
        settings["row_condition"] = functools.reduce(operator.and_, conditions)
    if issubclass(kind, ColumnPairMapExpectation) and rule.type != READ_ALIKE:
        # Nothing can be said of a pair that is not complete, but whether it is the same.
        settings.setdefault("ignore_row_if", "either_value_is_missing")
    try:
        return kind(**settings)
    except ValueError as error:
        raise ValueError(f"rule {rule.code}: wrong arguments for {rule.type}: {error}") from error


def expectation_class(rule: Rule) -> type[Expectation]:
    """The class of a rule's type: a native one, or one that `expectations/custom` adds."""
    importlib.import_module(CUSTOM)
    try:
        return get_expectation_impl(rule.type)
    except ExpectationNotFoundError:
        raise UnknownTypeError(
            f"rule {rule.code}: there is no expectation type {rule.type}; use one of Great Expectations, "
            "or add it in expectations/custom/"
        ) from None
