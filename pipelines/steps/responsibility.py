"""Who must act on a row: the agency of its region, of the kind that the contract of its source names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis
import ibis.expr.types as ir

from pipelines.declarations.agency import RegionalAgency
from pipelines.declarations.catalog import Catalog
from pipelines.declarations.contract import CREDIT_CODE, PROVIDER, Contract, Responsibility
from pipelines.declarations.rule import BATCH, ROW_NUMBER
from pipelines.project.workspace import Workspace
from pipelines.tables.specs import BATCHES, standard_spec


def deciding(catalog: Catalog) -> Any:
    """What decides, beside contracts, who must act: to be part of a table's digest."""
    shared_out = [contract.responsibility for contract in catalog.contracts.values() if contract.responsibility]
    kinds = [catalog.facts(responsibility.kind_by.list) for responsibility in shared_out if responsibility.kind_by]
    return sorted(catalog.agencies), catalog.city_prefixes(), kinds


def with_agency(workspace: Workspace, rows: ir.Table, name: str) -> ir.Table:
    """Rows at fault (`source`, `batch`, `row`) with the `agency` that must act; they are kept as `name`.

    A row's region is read in its source's standard rows, where a row at fault stands.
    """
    lake, contracts = workspace.lake, workspace.catalog.contracts
    rows = lake.engine.materialise(rows, name)
    own = {source: contract.responsible for source, contract in contracts.items()}
    found = {row["source"] for row in lake.engine.rows(rows.select("source").distinct())}
    regional = [contract for source, contract in contracts.items() if source in found and contract.responsibility]
    parts = [_by_region(workspace, contract, rows.filter(rows.source == contract.name)) for contract in regional]
    rest = rows.filter(rows.source.notin([contract.name for contract in regional])) if regional else rows
    agency = rest["source"].cases(*own.items(), else_=ibis.null("string"))
    return ibis.union(rest.mutate(agency=agency), *parts) if parts else rest.mutate(agency=agency)


def _by_region(workspace: Workspace, contract: Contract, rows: ir.Table) -> ir.Table:
    responsibility = contract.responsibility
    assert responsibility
    standard = workspace.lake.read(standard_spec(workspace.catalog, contract))
    place = {"__batch": standard[BATCH], "__row": standard[ROW_NUMBER]}
    regions = {f"__{column}": standard[column] for column in responsibility.asked}
    places = rows.select(__batch="batch", __row="row").distinct()
    at_fault = standard.select(**place, **regions).inner_join(places, ["__batch", "__row"])
    met = rows.left_join(at_fault, [("batch", "__batch"), ("row", "__row")])
    if responsibility.by_provider:
        met = met.left_join(delivered_by(workspace, contract), [("batch", "__delivered")])
    given = {name: met[f"__{name}"] for name in (*responsibility.by, *responsibility.asked)}
    return met.select(*rows.columns, agency=acting(workspace.catalog, contract, given))


def delivered_by(workspace: Workspace, contract: Contract) -> ir.Table:
    """Which agency delivered each batch of a source (`__delivered`, `__provider`), where that is known."""
    batches = workspace.lake.read(BATCHES)
    of_source = batches.filter((batches.source == contract.name) & batches.agency.notnull())
    return of_source.select(__delivered="batch", **{f"__{PROVIDER}": of_source.agency})


def acting(catalog: Catalog, contract: Contract, given: Mapping[str, ir.StringValue]) -> ir.StringValue:
    """The agency that must act, by what is `given` for the columns that a contract asks (the provider, by its name).

    The source's own where no region is known, it lies outside the declared leagues and cities, or has no such agency;
    where the row says of which kind of agency it is, the autonomous region's own of that kind.
    """
    responsibility = contract.responsibility
    if responsibility is None:
        return ibis.literal(contract.responsible)
    usual = ibis.coalesce(*_regional_agencies(catalog, contract, responsibility, given), _literal(contract.responsible))
    if responsibility.kind_by is None:
        return usual
    kinds = catalog.facts(responsibility.kind_by.list)
    code = given[responsibility.kind_by.column]
    by_kind = []
    for kind in sorted({*kinds.values()}):
        of_kind = responsibility.model_copy(update={"kind": kind, "instead": {}})
        own = kind if kind in catalog.agencies else contract.responsible
        agency = ibis.coalesce(*_regional_agencies(catalog, contract, of_kind, given), _literal(own))
        by_kind.append((code.isin([code for code in kinds if kinds[code] == kind]), agency))
    return ibis.cases(*by_kind, else_=usual)


def _regional_agencies(
    catalog: Catalog, contract: Contract, responsibility: Responsibility, given: Mapping[str, ir.StringValue]
) -> list[ir.StringValue]:
    """The agency of the region that each column of `by` says, NULL where it says none that has one."""
    return [
        _of_provider(catalog, contract, responsibility, given[name])
        if name == PROVIDER
        else _of_region(catalog, responsibility, _region(catalog, contract, name, given[name]))
        for name in responsibility.by
    ]


def _region(catalog: Catalog, contract: Contract, column: str, value: ir.StringValue) -> ir.StringValue:
    """The region that a column says: a credit code holds that of the authority which gave it (GB 32100)."""
    is_code = catalog.element_of(contract, column).normalise == CREDIT_CODE
    return value.substr(2, 6) if is_code else value


def _of_region(catalog: Catalog, responsibility: Responsibility, region: ir.StringValue) -> ir.StringValue:
    """By the code itself for a banner, by prefixes for a league, which stands in for a banner without an agency."""
    leagues = [
        (region.startswith(prefix), _literal(_named(catalog, responsibility.kind_in(city), city)))
        for prefix, city in catalog.city_prefixes()
    ]
    of_league = ibis.cases(*leagues, else_=ibis.null("string"))
    if responsibility.level == "league":
        return of_league
    of_kind = [
        agency
        for agency in _regional(catalog).values()
        if agency.level == "banner" and agency.kind == responsibility.kind_in(_city_of(catalog, agency.region) or "")
    ]
    return (
        region.cases(*((agency.region, agency.name) for agency in of_kind), else_=of_league) if of_kind else of_league
    )


def _of_provider(
    catalog: Catalog, contract: Contract, responsibility: Responsibility, provider: ir.StringValue
) -> ir.StringValue:
    regional = _regional(catalog)
    regions = {name: regional[name].region for name in contract.providers if name in regional}
    found = {name: _at(catalog, responsibility, region) for name, region in regions.items()}
    known = [(name, agency) for name, agency in found.items() if agency]
    return provider.cases(*known, else_=ibis.null("string")) if known else ibis.null("string")


def _at(catalog: Catalog, responsibility: Responsibility, region: str) -> str | None:
    """The agency of a region that a provider stands for, by the level that is asked for, or that above it."""
    city = _city_of(catalog, region)
    if city is None:
        return None
    kind = responsibility.kind_in(city)
    own = _named(catalog, kind, region) if responsibility.level == "banner" else None
    return own or _named(catalog, kind, city)


def _city_of(catalog: Catalog, region: str) -> str | None:
    return next((city for prefix, city in catalog.city_prefixes() if region.startswith(prefix)), None)


def _named(catalog: Catalog, kind: str, region: str) -> str | None:
    name = f"{kind}_{region}"
    return name if name in catalog.agencies else None


def _regional(catalog: Catalog) -> dict[str, RegionalAgency]:
    return {name: agency for name, agency in catalog.agencies.items() if isinstance(agency, RegionalAgency)}


def _literal(agency: str | None) -> ir.StringValue:
    return ibis.literal(agency, "string")
