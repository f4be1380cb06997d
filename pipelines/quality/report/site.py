"""The report as a site: which pages there are, and in which order they are computed and written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.contract import Contract
from pipelines.lake.specs import VALIDATIONS
from pipelines.quality.great_expectations import Validation, build_docs
from pipelines.quality.report.agencies import read_agencies
from pipelines.quality.report.batches import Deliveries, read_deliveries
from pipelines.quality.report.overview import read_overview
from pipelines.quality.report.rendering import TEMPLATES, drop_others, render, replace
from pipelines.quality.report.sources import read_source
from pipelines.steps.workspace import Workspace

VALIDATED = 10
STYLE = "report.css"


def build_report(workspace: Workspace, out: Path) -> Path:
    """Write the site of the lake as it is now into the folder `out`; the path of its index.html.

    Each file is replaced at once, and only where it changed. Great Expectations' Data Docs of the newest 10 judged
    batches of each source stand in `out/data_docs`.
    """
    deliveries = read_deliveries(workspace)
    sources = [read_source(workspace, one, deliveries) for one in workspace.catalog.contracts.values()]
    agencies = read_agencies(workspace, sources, deliveries)
    validated = _newest_judged(deliveries)
    overview = read_overview(workspace, deliveries, sources, agencies, len(validated))
    shared = {
        "overview": overview,
        "sources": sources,
        "agencies": agencies,
        "source_names": [(one.contract.name, one.contract.title) for one in sources],
        "agency_names": [(one.agency.name, one.agency.title) for one in agencies],
        "agency_titles": {name: agency.title for name, agency in workspace.catalog.agencies.items()},
        "legal_bases": {one.contract.name: _legal_basis(workspace.catalog, one.contract) for one in sources},
        "docs": _build_docs(workspace, validated, out) if validated else None,
        "validated": VALIDATED,
        "command": workspace.settings.command,
    }
    replace(out / STYLE, (TEMPLATES / STYLE).read_text(encoding="utf-8"))
    pages = {
        render("source.html", out / "sources" / f"{one.contract.name}.html", "../", source=one, **shared)
        for one in sources
    }
    drop_others(out / "sources", pages)
    pages = {
        render("agency.html", out / "agencies" / f"{one.agency.name}.html", "../", page=one, **shared)
        for one in agencies
    }
    drop_others(out / "agencies", pages)
    return render("index.html", out / "index.html", "", **shared)


def _legal_basis(catalog: Catalog, contract: Contract) -> str:
    """The cited text with its title in the place of its short name."""
    name, _, article = contract.legal_basis.partition(" ")
    return f"《{catalog.regulations[name].title}》{article}"


def _newest_judged(deliveries: Deliveries) -> list[str]:
    """Batches that Great Expectations validated: those the gate judged by their rows."""
    return [
        batch.name
        for found in deliveries.by_source.values()
        for batch in [one for one in found if one.readable and one.accepted is not None][:VALIDATED]
    ]


def _build_docs(workspace: Workspace, batches: list[str], out: Path) -> str:
    """Where the Data Docs begin, as a link from `out`."""
    titles = {name: contract.title for name, contract in workspace.catalog.contracts.items()}
    index = build_docs(_validations(workspace, batches), out / "data_docs", titles)
    return index.resolve().relative_to(out.resolve()).as_posix()


def _validations(workspace: Workspace, batches: list[str]) -> Iterator[Validation]:
    kept = workspace.lake.read(VALIDATIONS)
    for batch in batches:
        for row in workspace.lake.engine.rows(kept.filter(kept.batch == batch).select("result")):
            yield Validation.from_json(row["result"])
