"""Every table that the declarations of a workspace call for, in the order of the data's way."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.lake.specs import (
    BATCHES,
    CONFIRMATIONS,
    RELEASES,
    RULE_RESULTS,
    VALIDATIONS,
    VERDICTS,
    alias_spec,
    conflict_spec,
    finding_spec,
    golden_spec,
    quarantine_spec,
    raw_spec,
    standard_spec,
    withdrawn_spec,
)
from pipelines.lake.table import TableSpec
from pipelines.steps.inputs import model_spec
from pipelines.steps.return_flow import flows
from pipelines.steps.workspace import Workspace


def source_tables(workspace: Workspace) -> Iterator[TableSpec]:
    for contract in workspace.catalog.contracts.values():
        for spec in (raw_spec, standard_spec, quarantine_spec):
            yield spec(workspace.catalog, contract)
        if contract.deletes:
            yield withdrawn_spec(workspace.catalog, contract)
        if alias := alias_spec(workspace.catalog, contract):
            yield alias


def integrated_tables(workspace: Workspace) -> Iterator[TableSpec]:
    """Foundation and theme tables: what a release pins, beside what flows back."""
    for record in workspace.catalog.records.values():
        for spec in (golden_spec, conflict_spec, finding_spec):
            yield spec(workspace.catalog, record)
    for placed in workspace.models.tables.values():
        yield model_spec(workspace, placed)


def returned_tables(workspace: Workspace) -> Iterator[TableSpec]:
    for flow in flows(workspace):
        yield flow.returned


def all_tables(workspace: Workspace) -> list[TableSpec]:
    quality = (BATCHES, VERDICTS, CONFIRMATIONS, RULE_RESULTS, VALIDATIONS, RELEASES)
    return [*source_tables(workspace), *integrated_tables(workspace), *returned_tables(workspace), *quality]
