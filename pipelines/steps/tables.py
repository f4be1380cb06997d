"""Every table that the declarations of a project call for, in the order of the data's way."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.project.workspace import Project
from pipelines.steps.inputs import model_spec
from pipelines.steps.return_flow import flows
from pipelines.tables.specs import (
    BATCHES,
    CONFIRMATIONS,
    DUPLICATES,
    OVERRIDES,
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
from pipelines.tables.table import TableSpec


def source_tables(project: Project) -> Iterator[TableSpec]:
    for contract in project.catalog.contracts.values():
        for spec in (raw_spec, standard_spec, quarantine_spec):
            yield spec(project.catalog, contract)
        if contract.deletes:
            yield withdrawn_spec(project.catalog, contract)
        if alias := alias_spec(project.catalog, contract):
            yield alias


def integrated_tables(project: Project) -> Iterator[TableSpec]:
    """Foundation and theme tables: what a release pins, beside what flows back."""
    for record in project.catalog.records.values():
        for spec in (golden_spec, conflict_spec, finding_spec):
            yield spec(project.catalog, record)
    for placed in project.models.tables.values():
        yield model_spec(project, placed)


def returned_tables(project: Project) -> Iterator[TableSpec]:
    for flow in flows(project):
        yield flow.returned


def all_tables(project: Project) -> list[TableSpec]:
    quality = (BATCHES, VERDICTS, CONFIRMATIONS, OVERRIDES, RULE_RESULTS, VALIDATIONS, DUPLICATES, RELEASES)
    return [*source_tables(project), *integrated_tables(project), *returned_tables(project), *quality]
