"""The gate's counts beside those of Great Expectations: of rows, of which rows, and of what was read in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipelines.declarations.contract import Contract
from pipelines.declarations.rule import Rule
from pipelines.errors import HuiliuError
from pipelines.rules.counting import BatchCounts

if TYPE_CHECKING:
    from pipelines.rules.great_expectations import Validation
    from pipelines.rules.great_expectations.second_reading import Reading


class CountsDisagreeError(HuiliuError):
    """The gate and Great Expectations counted or read differently: one of them is wrong, nothing may be published.

    The message names source, batches, rule or column, numbers of rows and a row's number, and no value.
    """

    kind = "counts disagree"


def check_counts(
    contract: Contract,
    rules: Sequence[Rule],
    readings: Sequence[Reading],
    counts: Mapping[str, BatchCounts],
    validation: Validation,
) -> None:
    """Raises CountsDisagreeError where a rule's rows differ, in number or in the sum of their numbers, or a reading.

    What differs in reading is told first, for it may be why counts do.
    """
    where = f"{contract.name}, batches {', '.join(counts)}"
    if unlike := [difference for reading in readings if (difference := _read_differently(reading, validation))]:
        raise CountsDisagreeError(
            f"{where}: {'; '.join(unlike)}; the pipeline's normaliser and the second reading in expectations/reading "
            "differ: compare both with what the element's declaration says, and mend the one that is wrong"
        )
    for rule in rules:
        if not rule.on_table and (difference := _counted_differently(rule, counts, validation)):
            raise CountsDisagreeError(f"{where}, rule {rule.code}: {difference}; the rule's two implementations differ")


def _read_differently(reading: Reading, validation: Validation) -> str | None:
    found = validation.outcomes[reading.code]
    if not found.unexpected:
        return None
    rows = f"{found.unexpected} rows are read differently, the first of them row {found.first_row}"
    return f"column {reading.column}: {rows}"


def _counted_differently(rule: Rule, counts: Mapping[str, BatchCounts], validation: Validation) -> str | None:
    broken = sum(counted.broken.get(rule.code, 0) for counted in counts.values())
    rows = sum(counted.row_sums.get(rule.code, 0) for counted in counts.values())
    outcome = validation.outcomes[rule.code]
    if broken != outcome.unexpected:
        return f"the gate counts {broken} rows that break it, Great Expectations {outcome.unexpected}"
    if rows != outcome.row_sum:
        return (
            f"the gate and Great Expectations both count {broken} rows that break it, but not the same rows: the sum "
            f"of their numbers is {rows} for the gate and {outcome.row_sum} for Great Expectations"
        )
    return None
