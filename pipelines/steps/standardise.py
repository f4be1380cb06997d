"""Standardise and gate: raw cells to typed rows; a row passes, is flagged or is quarantined; a batch is judged."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.declarations.catalog import digest
from pipelines.declarations.contract import Contract
from pipelines.declarations.rule import (
    BATCH,
    FLAGS,
    RECEIVED_AT,
    RECEIVED_ON,
    ROW_HASH,
    ROW_NUMBER,
    RULES,
    SENT,
    Rule,
)
from pipelines.elements import alias, normalise, sent_value
from pipelines.lake.lake import Refreshed
from pipelines.lake.specs import AS_SENT, VERDICTS, quarantine_spec, raw_spec, standard_spec
from pipelines.modelling import latest
from pipelines.quality.counting import Ungated
from pipelines.quality.gate import Judged, batches_of, judge, verdicts_of
from pipelines.quality.rows import broken_rules
from pipelines.steps.workspace import Workspace

PLACE = [BATCH, ROW_NUMBER]
ACCEPTED = ("passed", "released")


@dataclass(frozen=True)
class Standardised:
    """What standardise did for one source. `judged` are the batches that had no verdict before."""

    source: str
    standard: Refreshed
    quarantine: Refreshed
    judged: list[Judged]


def standardise(workspace: Workspace, contract: Contract) -> Standardised:
    """Judge the batches that have no verdict, then bring `standard/<source>` and `quarantine/<source>` up to date.

    Held batches stay out of standard until they are released; raw keeps every row of theirs.
    """
    catalog, lake = workspace.catalog, workspace.lake
    rules = catalog.rules(contract)
    ungated = functools.cache(lambda: read_ungated(workspace, contract, rules))
    elements = [catalog.elements[column.element] for column in contract.columns]
    labels = [catalog.codes[element.codes] for element in elements if element.codes]
    declared = digest(contract, rules, elements, labels, catalog.cities)
    # Taken before raw is read: rows that arrive meanwhile are news for the next run, not lost.
    watermark = lake.watermark([raw_spec(catalog, contract).id], declared)
    verdicts = verdicts_of(lake, contract.name)
    unjudged = [batch for batch in batches_of(lake, contract.name) if batch["batch"] not in verdicts]
    if unjudged and lake.hold():
        verdicts = verdicts_of(lake, contract.name)
        unjudged = [batch for batch in unjudged if batch["batch"] not in verdicts]
    readable = any(batch["readable"] for batch in unjudged)
    judged = judge(lake, contract, rules, ungated() if readable else None, unjudged)
    verdicts |= {one.batch: one.verdict for one in judged}

    # Only this source's verdicts are an input: another source's must not make this one stale.
    watermark.inputs[f"{VERDICTS.id}[{contract.name}]"] = (digest(verdicts), len(verdicts))
    spec, rejected_spec = standard_spec(catalog, contract), quarantine_spec(catalog, contract)
    accepted = sorted(batch for batch, verdict in verdicts.items() if verdict in ACCEPTED)
    critical = [rule.code for rule in rules if rule.severity == "critical"]
    if not lake.exists(raw_spec(catalog, contract).id):
        nothing = [
            lake.refresh(one, functools.partial(lake.engine.empty, one), watermark) for one in (spec, rejected_spec)
        ]
        return Standardised(contract.name, nothing[0], nothing[1], judged)
    return Standardised(
        contract.name,
        lake.refresh(spec, lambda: _current(contract, ungated(), accepted, critical, spec.names), watermark),
        lake.refresh(rejected_spec, lambda: _rejected(ungated(), _raw(workspace, contract), critical), watermark),
        judged,
    )


def _raw(workspace: Workspace, contract: Contract) -> ir.Table:
    return workspace.lake.read(raw_spec(workspace.catalog, contract))


def read_ungated(workspace: Workspace, contract: Contract, rules: tuple[Rule, ...]) -> Ungated:
    """All rows of a source as the gate sees them: typed, with what they break; kept until the next source's."""
    raw, engine = _raw(workspace, contract), workspace.lake.engine
    typed_rows = engine.materialise(typed(workspace, contract, raw), "typed_rows")
    broken = engine.materialise(broken_rules(typed_rows, rules, contract), "broken_rows")
    return Ungated(typed_rows, broken, raw.filter(raw["_damage"].notnull()))


def typed(workspace: Workspace, contract: Contract, raw: ir.Table) -> ir.Table:
    """Raw's undamaged rows with every cell normalised to its element.

    Beside a typed column `<column>__sent` keeps what was sent, and beside an identifier `<column>_as_sent` the form
    as sent where it is another one; `_row_hash` is over the cells as sent.
    """
    catalog = workspace.catalog
    headers = contract.cells
    columns: dict[str, ir.Value] = {}
    for column in contract.columns:
        element, cell = catalog.elements[column.element], raw[headers[column.header]]
        columns[column.name] = normalise(cell, element, catalog.codes, catalog.cities)
        if not element.is_text:
            columns[column.name + SENT] = sent_value(cell, element)
        if element.alias:
            columns[column.name + AS_SENT] = alias(cell, element)
    cells = [raw[name].fill_null("\x01") for name in headers.values()]
    deleted = _deleted(contract, raw)
    return raw.filter(raw["_damage"].isnull()).select(
        BATCH,
        ROW_NUMBER,
        RECEIVED_AT,
        **{
            RECEIVED_ON: (raw[RECEIVED_AT] + ibis.interval(hours=8)).date(),  # the day in Asia/Shanghai
            ROW_HASH: ibis.literal("\x1f").join(cells).hexdigest("md5"),
            "_deleted": deleted,
        },
        **columns,
    )


def _deleted(contract: Contract, raw: ir.Table) -> ir.Value:
    if contract.deletes is None:
        return ibis.literal(False)
    flag = raw[contract.cells[contract.deletes.column]]
    return (flag.strip() == contract.deletes.value).fill_null(False)


def _current(
    contract: Contract, ungated: Ungated, accepted: list[str], critical: list[str], names: list[str]
) -> ir.Table:
    """The latest accepted row of each key, unless that row says deleted."""
    rejects = ungated.broken.filter(_breaks(ungated.broken, critical))
    flags = ungated.broken.select(*PLACE, **{FLAGS: ungated.broken[RULES]})
    rows = ungated.typed.filter(ungated.typed[BATCH].isin(accepted)).anti_join(rejects, PLACE)
    order = [*([contract.version] if contract.version else []), RECEIVED_AT, BATCH, ROW_NUMBER]
    standing = latest(rows, key=contract.key, order=order)
    kept = standing.filter(~standing["_deleted"])
    return kept.left_join(flags, PLACE).select(*names)


def _rejected(ungated: Ungated, raw: ir.Table, critical: list[str]) -> ir.Table:
    """Rows as sent that break a critical rule, or could not be read as a row at all, with the rules."""
    broken = ungated.broken.filter(_breaks(ungated.broken, critical))
    rejects = raw.semi_join(broken, PLACE).inner_join(broken, PLACE)
    damaged = ungated.damaged.mutate(**{RULES: ibis.array([ungated.damaged["_damage"]])})
    return rejects.select(*damaged.columns).union(damaged)


def _breaks(broken: ir.Table, critical: list[str]) -> ir.BooleanValue:
    return broken[RULES].filter(lambda code: code.isin(critical)).length() > 0
