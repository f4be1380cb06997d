"""The report as a site: which pages there are, and in which order they are computed and written."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.contract import Contract
from pipelines.project.workspace import Workspace
from pipelines.reports.site import csv_files
from pipelines.reports.site.agencies import read_agencies
from pipelines.reports.site.batches import read_deliveries
from pipelines.reports.site.csv_files import CsvFile, write_agency, write_batches, write_source
from pipelines.reports.site.dictionary import read_dictionary
from pipelines.reports.site.duplicates import read_duplicates
from pipelines.reports.site.overview import read_overview
from pipelines.reports.site.rendering import TEMPLATES, drop_others, render, replace
from pipelines.reports.site.sources import read_source
from pipelines.reports.site.validated import build_data_docs, docs_page, documented

STYLE, SEARCH = "report.css", "dictionary.js"


def build_report(workspace: Workspace, out: Path) -> Path:
    """Write the site of the lake as it is now into the folder `out`; the path of its index.html.

    Each file is replaced at once, and only where it changed. Great Expectations' Data Docs of every judged batch that
    the report lists stand in `out/data_docs`.
    """
    deliveries = read_deliveries(workspace)
    sources = [read_source(workspace, contract, deliveries) for contract in workspace.catalog.contracts.values()]
    agencies = read_agencies(workspace, sources, deliveries)
    overview = read_overview(workspace, deliveries, sources, agencies, len(documented(deliveries)))
    shared = {
        "overview": overview,
        "sources": sources,
        "agencies": agencies,
        "source_names": [(source.contract.name, source.contract.title) for source in sources],
        "agency_names": [(agency.agency.name, agency.agency.title) for agency in agencies],
        "agency_titles": {name: agency.title for name, agency in workspace.catalog.agencies.items()},
        "legal_bases": {source.contract.name: _legal_basis(workspace.catalog, source.contract) for source in sources},
        "docs": build_data_docs(workspace, deliveries, out),
        "docs_page": docs_page,
        "most": csv_files.MOST,
        "command": workspace.settings.command,
    }
    for name in (STYLE, SEARCH):
        replace(out / name, (TEMPLATES / name).read_text(encoding="utf-8"))
    render("dictionary.html", out / "dictionary.html", "", dictionary=read_dictionary(workspace), **shared)
    titles = {source.contract.name: source.contract.title for source in sources}
    render(
        "duplicates.html",
        out / "duplicates.html",
        "",
        duplicates=read_duplicates(workspace),
        source_titles=titles,
        **shared,
    )
    of_sources, of_agencies = out / "sources", out / "agencies"
    pages = (
        (source.contract.name, write_source(workspace, source, of_sources), {"source": source}) for source in sources
    )
    _write_pages(of_sources, "source.html", pages, shared)
    acting = (
        (agency.agency.name, write_agency(workspace, agency, of_agencies), {"page": agency}) for agency in agencies
    )
    _write_pages(of_agencies, "agency.html", acting, shared)
    all_batches = [batch for source in sources for batch in source.batches]
    files = (
        {"batches": write_batches(all_batches, workspace.catalog.agencies, out / "batches.csv")} if all_batches else {}
    )
    return render("index.html", out / "index.html", "", files=files, **shared)


Page = tuple[str, dict[str, CsvFile], dict[str, Any]]  # its name, the files beside it, and what it alone shows


def _write_pages(folder: Path, template: str, pages: Iterable[Page], shared: dict[str, Any]) -> None:
    """Write pages of one kind with the files beside them; what else lies in the folder is of another day."""
    written = set()
    for name, files, own in pages:
        written |= {render(template, folder / f"{name}.html", "../", files=files, **own, **shared)}
        written |= {folder / file.name for file in files.values()}
    drop_others(folder, written)


def _legal_basis(catalog: Catalog, contract: Contract) -> str:
    """The cited text with its title in the place of its short name."""
    name, _, article = contract.legal_basis.partition(" ")
    return f"《{catalog.regulations[name].title}》{article}"
