"""A draft as YAML, in the form in which people write contracts, with comments where a person must decide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import yaml

from pipelines.declarations.contract import Column
from pipelines.drafting.columns import DraftColumn
from pipelines.drafting.contract import Draft
from pipelines.project.catalog import UNFILLED


def to_yaml(draft: Draft) -> str:
    """The contract's text. It holds headers and counts of the sample, no value of it."""
    return "\n".join(_lines(draft)) + "\n"


def shown_titles(titles: Sequence[int]) -> str:
    """What is to be said of the rows above a header."""
    if len(titles) == 1:
        return f"row {titles[0]} is a title above the header"
    return f"rows {', '.join(map(str, titles))} are titles above the header"


def _lines(draft: Draft) -> Iterator[str]:
    yield f"# Drafted from a sample of {draft.sample_rows:,} rows ({draft.sample_format})."
    if draft.titles:
        yield f"# In the sample {shown_titles(draft.titles)}: deliveries must begin with their header."
    yield "# A draft: no run reads it here."
    yield "# 值为“请填写”的，填写之前不能启用；grade 为暂定的最严分级，定级后请修改或删除。"
    yield "# 标有“请填写”“请核对”“请起英文列名”的行需要人工确认；确认后请删除该注释。"
    yield _field(draft, "title", _scalar(draft.title))
    yield _field(draft, "providers", f"[{_scalar(draft.provider)}]")
    yield _field(draft, "system", _scalar(draft.system))
    yield _field(draft, "legal_basis", _scalar(draft.legal_basis))
    yield _field(draft, "key", _names(draft.key))
    if draft.version:
        yield _field(draft, "version", draft.version)
    if draft.deletes:
        yield f"deletes: {{column: {_scalar(draft.deletes.column)}, value: {_scalar(draft.deletes.value)}}}"
    yield "update: daily  # 请核对：realtime、daily、weekly、monthly、quarterly、yearly"
    yield (
        f"sharing: {UNFILLED}  # unconditional、conditional、none；有条件共享须写明 condition、reason、sharing_basis，"
        "不予共享须写明 reason、sharing_basis（2024-19 第二十一条）"
    )
    yield "openness: none  # 请核对：unconditional、conditional、none"
    if draft.feeds:
        key = f", key: {_names(draft.feeds.key)}" if draft.feeds.key else ""
        yield f"feeds: {{record: {draft.feeds.record}, rank: {draft.feeds.rank}{key}}}"
    elif "feeds" in draft.remarks:
        yield f"# {draft.remarks['feeds']}"
    yield "columns:"
    for column in draft.columns:
        yield from _column_lines(column)


def _names(key: Sequence[str]) -> str:
    return key[0] if len(key) == 1 else f"[{', '.join(key)}]"


def _field(draft: Draft, name: str, value: str) -> str:
    remark = f"  # {draft.remarks[name]}" if name in draft.remarks else ""
    return f"{name}: {value}{remark}"


def _column_lines(drafted: DraftColumn) -> Iterator[str]:
    remark = f"  # {'；'.join(drafted.remarks)}" if drafted.remarks else ""
    header = _scalar(drafted.header)
    if len(drafted.columns) == 1:
        yield f"  {header}: {_target(drafted.columns[0])}{remark}"
        return
    yield f"  {header}:{remark}"
    for column in drafted.columns:
        yield f"    - {_long(column)}"


def _target(column: Column) -> str:
    if column.name == column.element and column.title == column.header and not column.grade:
        return column.name + ("!" if column.required else "")
    return _long(column)


def _long(column: Column) -> str:
    declared = {"name": column.name, "element": column.element}
    if column.required:
        declared["required"] = "true"
    if column.title != column.header:
        declared["title"] = _scalar(column.title)
    if column.grade:
        declared["grade"] = column.grade
    return f"{{{', '.join(f'{name}: {value}' for name, value in declared.items())}}}"


def _scalar(text: str) -> str:
    """A text as YAML on one line, quoted only where it must be."""
    style = '"' if any(ord(character) < 0x20 for character in text) else None
    flow = yaml.safe_dump([text], default_flow_style=True, allow_unicode=True, width=float("inf"), default_style=style)
    return flow.strip()[1:-1]
