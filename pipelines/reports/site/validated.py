"""The report's Data Docs: a page for every judged batch that the report lists, with the counts of that batch alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pipelines.project.workspace import Workspace
from pipelines.reports.site.batches import Batch, Deliveries
from pipelines.reports.site.words import VERDICTS
from pipelines.rules.great_expectations import Documented, Validation, build_docs, page_of
from pipelines.tables.rows import RuleResult
from pipelines.tables.specs import RULE_RESULTS, VALIDATIONS

FOLDER = "data_docs"


def documented(deliveries: Deliveries) -> list[Batch]:
    """The batches that have a page: those that are listed and judged, readable or not."""
    return [batch for found in deliveries.by_source.values() for batch in found if batch.is_documented]


def docs_page(batch: Batch) -> str | None:
    """The way from the report's folder to the batch's page, if it has one; batches' names need no escaping."""
    return f"{FOLDER}/{page_of(batch.source, batch.name)}" if batch.is_documented else None


def build_data_docs(workspace: Workspace, deliveries: Deliveries, out: Path) -> str | None:
    """Where the Data Docs begin, as a link from the report's folder `out`; None where no batch was judged."""
    if not documented(deliveries):
        return None
    build_docs(_pages(workspace, deliveries), out / FOLDER, report="../index.html")
    return f"{FOLDER}/index.html"


def _pages(workspace: Workspace, deliveries: Deliveries) -> Iterator[Documented]:
    for source, found in deliveries.by_source.items():
        batches = [batch for batch in found if batch.is_documented]
        if batches:
            names = [batch.name for batch in batches]
            results, validations = _results(workspace, names), _validations(workspace, source, names)
            for batch in batches:
                validation, together = validations.get(batch.name, (None, ()))
                yield _page(batch, results.get(batch.name, []), validation, together)


def _page(
    batch: Batch, results: Sequence[RuleResult], validation: Validation | None, together: Sequence[str]
) -> Documented:
    return Documented(
        source=batch.source,
        title=batch.source_title,
        batch=batch.name,
        file=batch.file,
        verdict=VERDICTS[batch.verdict],
        rows=batch.rows,
        results=results,
        failed=batch.rules,
        validation=validation,
        together=together,
        report=f"../../sources/{batch.source}.html#{batch.name}",
    )


def _results(workspace: Workspace, batches: Sequence[str]) -> dict[str, list[RuleResult]]:
    """What was counted of each batch, by rule."""
    stored = workspace.lake.read(RULE_RESULTS)
    found: dict[str, list[RuleResult]] = {}
    for row in workspace.lake.engine.rows(stored.filter(stored.batch.isin(batches))):
        found.setdefault(row["batch"], []).append(RuleResult(**row))
    return found


def _validations(
    workspace: Workspace, source: str, batches: Sequence[str]
) -> dict[str, tuple[Validation, Sequence[str]]]:
    """The last validation of each batch, and the batches that were validated together; lakes of before name one."""
    kept = workspace.lake.read(VALIDATIONS)
    among = kept.batches.filter(lambda batch: batch.isin(batches)).length() > 0
    of_batches = kept.filter((kept.source == source) & (kept.batch.isin(batches) | among.fill_null(False)))
    found: dict[str, tuple[Validation, Sequence[str]]] = {}
    read = [(Validation.from_json(row["result"]), row) for row in workspace.lake.engine.rows(of_batches)]
    for validation, row in sorted(read, key=lambda pair: pair[0].validated_at):
        together = row["batches"] or [row["batch"]]
        found |= dict.fromkeys(together, (validation, together))
    return found
