"""A delivery judged before it is delivered: read, typed and gated in a scratch lake that is thrown away."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ibis

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.contract import Contract
from pipelines.declarations.rule import RULES, Rule
from pipelines.project.workspace import Workspace, open_workspace
from pipelines.readers.header import known_headers, recognised, same
from pipelines.rules.counting import Ungated
from pipelines.rules.gate import weigh
from pipelines.rules.verdicts import Judged, batches_of
from pipelines.settings import Settings
from pipelines.steps.ingest import ingest_files
from pipelines.steps.typed_rows import read_ungated
from pipelines.storage.scratch import Scratch
from pipelines.storage.store import Store
from pipelines.tables.rows import RuleResult
from pipelines.tables.verdict import Verdict

SHOWN_ROWS = 5


@dataclass(frozen=True)
class HeaderMatch:
    """How a file's header fits a contract; `missing` are declared headers, required ones first of all."""

    matched: tuple[str, ...]
    unknown: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class BrokenRule:
    """A rule that rows of the file break, and the numbers of the first of them; none for a rule on the whole batch."""

    code: str
    title: str
    severity: str
    rows: int
    first_rows: tuple[int, ...]


@dataclass(frozen=True)
class DryRun:
    """What a run would say of a file. It is judged by itself: rows of earlier deliveries are not looked at."""

    contract: Contract
    format: str | None
    encoding: str | None
    delimiter: str | None
    header: HeaderMatch | None
    problems: tuple[str, ...]
    broken: tuple[BrokenRule, ...]
    judged: Judged

    @property
    def good(self) -> bool:
        return self.judged.verdict == Verdict.PASSED and not self.judged.quarantined and not self.problems


def dry_run(settings: Settings, contract_name: str, file: Path) -> DryRun:
    """Ingest and gate a copy of `file` in a scratch lake; the lake of `settings` is neither read nor written."""
    with Scratch("check-") as scratch:
        landing = Path(scratch) / "landing"
        _deliver(file, landing / contract_name)
        lake = Store.at(Path(scratch) / "lake")
        # Its lease is kept beside it too: a trial leaves nothing in the database that others share.
        there = settings.model_copy(update={"lake": lake, "db": None, "landing": landing, "settle": 0.0})
        with open_workspace(there) as workspace:
            return _judged(workspace, workspace.catalog.contracts[contract_name])


def guess_source(catalog: Catalog, file: Path, header: list[str]) -> str | None:
    """The source of a file: its folder's name, or the one contract whose headers it matches best, at least half."""
    if by_folder := source_by_folder(catalog, file):
        return by_folder
    shares = {
        contract.name: recognised(header, contract) / len(contract.cells) for contract in catalog.contracts.values()
    }
    best = sorted(shares, key=lambda name: shares[name], reverse=True)
    if not best or shares[best[0]] < 0.5 or (len(best) > 1 and shares[best[0]] == shares[best[1]]):
        return None
    return best[0]


def source_by_folder(catalog: Catalog, file: Path) -> str | None:
    """The source in whose landing folder, or a provider's folder there, a file lies by its path."""
    place = file.absolute().parent
    folder, above = place.name, place.parent.name
    if folder in catalog.contracts:
        return folder
    return above if above in catalog.contracts and folder in catalog.contracts[above].providers else None


def _deliver(file: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    try:
        os.link(file.resolve(), folder / file.name)
    except OSError:  # another file system, or one without hard links
        shutil.copyfile(file, folder / file.name)


def _judged(workspace: Workspace, contract: Contract) -> DryRun:
    lake = workspace.lake
    ingest_files(workspace, contract)
    batch = batches_of(lake, contract.name)[0]
    rules = workspace.catalog.rules(contract)
    first_rows: dict[str, tuple[int, ...]] = {}
    ungated = None
    if batch.readable:
        ungated = read_ungated(workspace, contract, rules)
        first_rows = _first_rows(workspace, ungated)
    weighed = weigh(lake, contract, rules, ungated, [batch])
    return DryRun(
        contract=contract,
        format=batch.format,
        encoding=batch.encoding,
        delimiter=batch.delimiter,
        header=match_header(contract, batch.header) if batch.header else None,
        problems=tuple(batch.problems or ()),
        broken=_broken(rules, weighed.results, first_rows),
        judged=weighed.in_order[0],
    )


def match_header(contract: Contract, header: Sequence[str]) -> HeaderMatch:
    """Which headers the contract knows, which it does not, and which it declares that the file has not."""
    known = known_headers(contract)
    names = {known[same(name)] for name in header if same(name) in known}
    required = {column.header for column in contract.columns if column.required}
    missing = [header for header, name in contract.cells.items() if name not in names]
    return HeaderMatch(
        tuple(name for name in header if same(name) in known),
        tuple(name for name in header if same(name) not in known),
        tuple(sorted(missing, key=lambda name: name not in required)),
    )


def _first_rows(workspace: Workspace, ungated: Ungated) -> dict[str, tuple[int, ...]]:
    """Per rule the numbers of the first rows that break it."""
    broken = ungated.broken.select(rule=ungated.broken[RULES].unnest(), row="_row")
    damaged = ungated.damaged.select(rule="_damage", row="_row")
    both = broken.union(damaged)
    place = ibis.row_number().over(ibis.window(group_by="rule", order_by="row"))
    ranked = both.mutate(place=place)
    first = ranked.filter(ranked.place < SHOWN_ROWS).order_by("rule", "row")
    found: dict[str, tuple[int, ...]] = {}
    for row in workspace.lake.engine.rows(first):
        found[row["rule"]] = (*found.get(row["rule"], ()), row["row"])
    return found


def _broken(
    rules: tuple[Rule, ...], results: list[RuleResult], first_rows: Mapping[str, tuple[int, ...]]
) -> tuple[BrokenRule, ...]:
    """Broken rules, those that quarantine or hold first, each kind by the number of rows."""
    on_table = {rule.code for rule in rules if rule.on_table}
    broken = [
        BrokenRule(
            result.rule,
            result.title,
            result.severity,
            result.broken,
            () if result.rule in on_table else first_rows.get(result.rule, ()),
        )
        for result in results
        if result.broken
    ]
    return tuple(sorted(broken, key=lambda rule: (rule.severity != "critical", -rule.rows)))
