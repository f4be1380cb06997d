"""The rows of a page as CSV: UTF-8 with BOM, masked as on the page, nothing in it that a spreadsheet would compute."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from pipelines.declarations.agency import Agency
from pipelines.declarations.rule import BATCH, ROW_NUMBER, RULES
from pipelines.project.workspace import Workspace
from pipelines.reports.site.agencies import (
    AgencyPage,
    Doubts,
    attribute_title,
    doubts_of,
    masked_claims,
    masked_findings,
)
from pipelines.reports.site.batches import Batch
from pipelines.reports.site.rendering import replacing
from pipelines.reports.site.sources import MOST, Source, newest_first, rule_titles
from pipelines.reports.site.words import VERDICTS, minute
from pipelines.tables.specs import BATCHES

# What makes a spreadsheet compute a cell; the apostrophe before it is one that readers of deliveries take off again.
COMPUTED = "^([=+@\\-\t\r\n＝＋－＠])"
UNKNOWN_BATCH = "未知批次"


@dataclass(frozen=True)
class CsvFile:
    """A file beside the page, by its name, with its number of rows."""

    name: str
    rows: int


def write_csv(rows: pa.RecordBatchReader, titles: Sequence[str], path: Path) -> CsvFile:
    """Write a stream of rows under a header of `titles`; a part of them is in memory at a time."""
    schema = pa.schema([(title, pa.string()) for title in titles])
    written = 0
    with replacing(path) as partial, partial.open("wb") as file:
        file.write(codecs.BOM_UTF8)
        with pacsv.CSVWriter(file, schema) as writer:
            for batch in rows:
                writer.write_batch(
                    pa.RecordBatch.from_arrays([_inert(column) for column in batch.columns], schema=schema)
                )
                written += batch.num_rows
    return CsvFile(path.name, written)


def _inert(cells: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(pc.cast(cells, pa.string()), COMPUTED, r"'\1")


def write_batches(batches: Sequence[Batch], agencies: Mapping[str, Agency], path: Path) -> CsvFile:
    """Every batch, those too that the page does not list."""
    columns = {
        "来源": [batch.source_title for batch in batches],
        "文件": [batch.file for batch in batches],
        "批次": [batch.name for batch in batches],
        "交付机构": [agencies[batch.agency].title for batch in batches],
        "收到": [minute(batch.received_at) for batch in batches],
        "记录": [batch.rows for batch in batches],
        "合格": [batch.accepted for batch in batches],
        "其中提示": [batch.flagged for batch in batches],
        "隔离": [batch.quarantined for batch in batches],
        "结论": [VERDICTS[batch.verdict] for batch in batches],
        "未通过的批次规则": ["；".join(batch.rules) for batch in batches],
    }
    return write_csv(pa.table(columns).to_reader(), [*columns], path)


def write_source(workspace: Workspace, source: Source, folder: Path) -> dict[str, CsvFile]:
    """A source's batches and quarantined rows, by what they are of."""
    name = source.contract.name
    files = {}
    if source.batches:
        files["batches"] = write_batches(source.batches, workspace.catalog.agencies, folder / f"{name}.batches.csv")
    if source.quarantined:
        cells = source.contract.cells
        rows = _quarantined(workspace, source)
        titles = ["文件", "行", "违反的规则代码", "违反的规则", *cells]
        stream = workspace.lake.engine.stream(rows)
        files["quarantine"] = write_csv(stream, titles, folder / f"{name}.quarantine.csv")
    return files


def _quarantined(workspace: Workspace, source: Source) -> ir.Table:
    """The quarantined rows as text; stars tell no length, as on the page for cells that are not at fault."""
    contract = source.contract
    masked = _named(workspace, newest_first(source.masked).limit(MOST), BATCH)
    titles = rule_titles(workspace, contract, {rule.code: rule.title for rule in source.rules})
    cells = {
        f"cell_{at}": masked[f"cell {header}"].re_replace(r"\*{4,}", "***") for at, header in enumerate(contract.cells)
    }
    return newest_first(masked).select(
        file=masked.file,
        place=masked[ROW_NUMBER],
        rules=ibis.literal("；").join(masked[RULES]),
        titles=ibis.literal("；").join(masked[RULES].map(lambda code: _titled(code, titles))),
        **cells,
    )


def _titled(code: ir.StringValue, titles: Mapping[str, str]) -> ir.StringValue:
    return ibis.cases(*((code == value, title) for value, title in titles.items()), else_=code)


def _named(workspace: Workspace, rows: ir.Table, batch: str) -> ir.Table:
    """The rows with the `file` that each came in."""
    delivered = workspace.lake.read(BATCHES)
    named = delivered.select(_delivered=delivered.batch, file=delivered.file)
    joined = rows.left_join(named, [(batch, "_delivered")]).drop("_delivered")
    return joined.mutate(file=joined.file.fill_null(UNKNOWN_BATCH))


def write_agency(workspace: Workspace, page: AgencyPage, folder: Path) -> dict[str, CsvFile]:
    """What an agency must act on, by golden record and kind."""
    files = {}
    for doubts in page.doubts:
        for kind, rows, titles in _doubtful(workspace, page.agency.name, doubts):
            key = f"{doubts.record.name}.{kind}"
            stream = workspace.lake.engine.stream(rows)
            files[key] = write_csv(stream, titles, folder / f"{page.agency.name}.{key}.csv")
    return files


def _doubtful(workspace: Workspace, agency: str, doubts: Doubts) -> Iterator[tuple[str, ir.Table, list[str]]]:
    catalog, record = workspace.catalog, doubts.record
    conflicts, claims, found = doubts_of(workspace, record, agency)
    sources = {name: contract.title for name, contract in catalog.contracts.items()}
    place = ["来源", "文件", "行"]
    if doubts.findings:
        placed = _named(workspace, masked_findings(catalog, record, found, MOST), "batch").order_by("_item")
        source = _titled(placed.source, sources)
        rows = placed.select(
            placed.subject, code=placed.rule, title=placed.title, from_=source, file=placed.file, row=placed.row
        )
        yield "findings", rows, [doubts.subject_title, "核查规则代码", "核查规则", *place]
    if doubts.conflicts:
        named = _named(workspace, masked_claims(catalog, record, conflicts, claims, MOST), "batch")
        placed = named.order_by("_item", named.stands.desc(), "source", "batch", "row")
        attributes = {name: attribute_title(catalog, record, name) for name in record.attributes}
        rows = placed.select(
            item=placed._item + 1,
            key=placed.key,
            attribute=_titled(placed.attribute, attributes),
            value=placed.value,
            stands=ibis.ifelse(placed.stands, "采用", "不一致"),
            from_=_titled(placed.source, sources),
            file=placed.file,
            row=placed.row,
        )
        yield "conflicts", rows, ["冲突", doubts.key_title, "属性", "值", "采用与否", *place]
