"""Who delivered a batch: the agency whose token pushed it, in whose folder its file lay, or that its rows name."""

from __future__ import annotations

from collections.abc import Iterable

from pipelines.declarations.contract import Contract
from pipelines.declarations.rule import BATCH
from pipelines.project.workspace import Workspace
from pipelines.readers import Problem
from pipelines.steps.landing import Lying, is_pushed
from pipelines.tables.specs import raw_spec


def pushed_by(workspace: Workspace, lying: Iterable[Lying]) -> dict[str, str]:
    """The agencies whose tokens pushed the rows of files, by the file's name, as `HUILIU_DB` keeps it."""
    files = [file.path.name for file in lying if is_pushed(file.path)]
    if not files:
        return {}
    from pipelines.database.segments import agencies_of

    return agencies_of(workspace.settings, files)


def named_in_rows(workspace: Workspace, contract: Contract, batch: str, file: str) -> tuple[str | None, Problem | None]:
    """The provider that all rows of a batch name in the column of `delivered_by`, by its name or title.

    A problem instead where they name several, or none that the contract has.
    """
    if contract.delivered_by is None:
        return None, None
    header = contract.column(contract.delivered_by).header
    with workspace.lake.lock:
        stored = workspace.lake.read(raw_spec(workspace.catalog, contract))
        rows = stored.filter(stored[BATCH] == batch)
        cells = rows.select(title=rows[contract.cells[header]].strip()).distinct().limit(2)
        titles = [row["title"] for row in workspace.lake.engine.rows(cells)]
    names = {workspace.catalog.agencies[name].title: name for name in contract.providers}
    names |= {name: name for name in contract.providers}
    if len(titles) == 1 and titles[0] in names:
        return names[titles[0]], None
    if not titles:  # no rows, which is told where it is noticed
        return None, None
    if len(titles) > 1:
        what = "its rows name several agencies as the one that delivered"
        todo = "have each agency's rows delivered in a file of its own"
        zh = ("各行写的交付机构不一致，本批算作来源的责任机构交付", "请按机构分文件报送")
    else:
        what = "its rows name no provider of the contract as the agency that delivered"
        todo = "write the agency's name or title, or add it to the contract's `providers`"
        zh = (
            "各行写的交付机构不在契约的提供机构之列，本批算作来源的责任机构交付",
            "请写机构的名称，或把它加进契约的 providers",
        )
    return None, Problem(file, f"{what}, so the batch counts as the source's own agency's", todo, column=header, zh=zh)
