"""Which sources have nothing new: told for all of them by one look at the list of batches and at their verdicts."""

from __future__ import annotations

from pipelines.declarations.catalog import Catalog, standard_digest
from pipelines.declarations.contract import Contract
from pipelines.lake.lake import Lake
from pipelines.lake.watermark import Watermark
from pipelines.project.workspace import Workspace
from pipelines.rules.verdicts import NEVER, last_decisions, unjudged_sources
from pipelines.tables.specs import VERDICTS, alias_spec, quarantine_spec, raw_spec, standard_spec, withdrawn_spec
from pipelines.tables.table import TableSpec


def placed_tables(catalog: Catalog, contract: Contract) -> list[TableSpec]:
    """The tables in which a source's rows are placed, in the order in which they are written.

    Withdrawn rows first: while standard alone knew of it, a key that is gone could come back.
    """
    withdrawn = withdrawn_spec(catalog, contract) if contract.deletes else None
    of_all = (withdrawn, standard_spec(catalog, contract), quarantine_spec(catalog, contract))
    return [one for one in (*of_all, alias_spec(catalog, contract)) if one]


def verdicts_input(contract: Contract) -> str:
    """What a watermark calls a source's verdicts: another source's must not make its tables stale."""
    return f"{VERDICTS.id}[{contract.name}]"


def placed_mark(lake: Lake, catalog: Catalog, contract: Contract, decided: tuple[str, int]) -> Watermark:
    """Where the inputs of these tables are now; `decided` is as `verdicts.last_decided` says it."""
    mark = lake.watermark([raw_spec(catalog, contract).id], standard_digest(catalog, contract))
    mark.inputs[verdicts_input(contract)] = decided
    return mark


def is_placed(lake: Lake, catalog: Catalog, contract: Contract, mark: Watermark) -> bool:
    """Whether all of these tables are there and at `mark`."""
    states = [lake.state(spec.id) for spec in placed_tables(catalog, contract)]
    return all(state is not None and state.watermark == mark for state in states)


def sources_without_news(workspace: Workspace) -> set[str]:
    """The sources whose batches are all judged, and whose tables hold all that raw and verdicts say now."""
    lake, catalog = workspace.lake, workspace.catalog
    unjudged, decided = unjudged_sources(lake), last_decisions(lake)
    return {
        name
        for name, contract in catalog.contracts.items()
        if name not in unjudged
        and is_placed(lake, catalog, contract, placed_mark(lake, catalog, contract, decided.get(name, NEVER)))
    }
