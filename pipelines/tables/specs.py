"""The tables that follow from a source, a golden record or a database, and those that every lake has."""

from __future__ import annotations

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.contract import DELETE_FLAG, Contract
from pipelines.declarations.element import Element
from pipelines.declarations.golden_record import GoldenRecord
from pipelines.declarations.rule import BATCH, FLAGS, RECEIVED_AT, ROW_NUMBER, RULES, VERSION
from pipelines.tables import layout
from pipelines.tables.table import ColumnSpec, TableSpec
from pipelines.tables.verdict import Verdict

AS_SENT = "_as_sent"
TIMESTAMP = "timestamp('UTC')"
FLAGGED = ColumnSpec(FLAGS, "array<string>", "提示的规则")
ORIGIN = (
    ColumnSpec(BATCH, "string", "批次"),
    ColumnSpec(ROW_NUMBER, "int64", "文件中的行号"),
    ColumnSpec(RECEIVED_AT, TIMESTAMP, "收到时间"),
)


def raw_spec(catalog: Catalog, contract: Contract) -> TableSpec:
    """Every cell as it was sent, append-only."""
    return TableSpec(
        layout.raw(contract.name),
        f"{contract.title}（原始）",
        f"Every record of {contract.title} as it was delivered: cells are text, nothing is dropped.",
        (),
        (*ORIGIN, *_cells(catalog, contract), *DAMAGE),
    )


DAMAGE = (
    ColumnSpec("_extra", "string", "未声明的列（JSON）", "sensitive_personal"),
    ColumnSpec("_damage", "string", "结构性损坏"),
    ColumnSpec("_undecodable", "string", "无法解码的字节（十六进制）", "sensitive_personal"),
)


def _cells(catalog: Catalog, contract: Contract) -> tuple[ColumnSpec, ...]:
    cells = []
    for header, name in contract.cells.items():
        if name == DELETE_FLAG:
            cells.append(ColumnSpec(name, "string", header))
        else:
            element = catalog.element_of(contract, name)
            cells.append(ColumnSpec(name, "string", header, element.grade, element.mask, element.name))
    return tuple(cells)


def standard_spec(catalog: Catalog, contract: Contract) -> TableSpec:
    """Current rows by key, typed; identifiers that were sent in another form keep that form beside them."""
    columns: list[ColumnSpec] = []
    for column in contract.columns:
        element = catalog.element_of(contract, column.name)
        columns.append(_typed(column.name, column.title, element))
        if element.alias:
            columns.append(_typed(column.name + AS_SENT, f"{column.title}（原号）", element))
    return TableSpec(
        layout.standard(contract.name),
        contract.title,
        f"Current rows of {contract.title} by {', '.join(contract.key)}. Source: {contract.legal_basis}.",
        contract.key,
        (
            *columns,
            *ORIGIN,
            ColumnSpec(VERSION, TIMESTAMP, "所依版本时间"),
            FLAGGED,
        ),
    )


def _typed(name: str, title: str, element: Element) -> ColumnSpec:
    return ColumnSpec(name, element.ibis_type, title, element.grade, element.mask, element.name)


def withdrawn_spec(catalog: Catalog, contract: Contract) -> TableSpec:
    """The last row of each key that is gone: a late delivery of an older row must not bring it back."""
    standing = standard_spec(catalog, contract)
    return TableSpec(
        layout.withdrawn(contract.name),
        f"{contract.title}（已撤销）",
        f"Rows of {contract.title} that the agency has withdrawn, each by the last row delivered for its key.",
        standing.key,
        standing.columns,
    )


def alias_spec(catalog: Catalog, contract: Contract) -> TableSpec | None:
    """Every other form under which an accepted row gave an identifier; None where identifiers have but one."""
    elements = [catalog.element_of(contract, column.name) for column in contract.columns]
    known = [element for element in elements if element.alias]
    if not known:
        return None
    identifier = ("string", known[0].title, known[0].grade, known[0].mask, known[0].name)
    return TableSpec(
        layout.alias(contract.name),
        f"{contract.title}（别名）",
        f"Other forms of identifiers in {contract.title}, whatever its rows say today: a form once seen is kept.",
        ("alias", "column"),
        (
            ColumnSpec("alias", *identifier),
            ColumnSpec("column", "string", "列"),
            ColumnSpec("value", *identifier),
            ColumnSpec("first_received_at", TIMESTAMP, "首次收到时间"),
        ),
    )


def quarantine_spec(catalog: Catalog, contract: Contract) -> TableSpec:
    """Rejected rows as they were sent, with every rule that they break, until a later delivery corrects them."""
    return TableSpec(
        layout.quarantine(contract.name),
        f"{contract.title}（隔离）",
        f"Records of {contract.title} that break a critical rule, as they were delivered, with all rules they break.",
        (BATCH, ROW_NUMBER),
        (*ORIGIN, *_cells(catalog, contract), *DAMAGE, ColumnSpec(RULES, "array<string>", "违反的规则")),
    )


def golden_spec(catalog: Catalog, record: GoldenRecord) -> TableSpec:
    """One row per key; per attribute its value, the source that won, and whether sources disagree.

    `_flags` are the checks of their elements that adopted values break, as `<attribute>.<check>`.
    """
    columns = [*_key_columns(catalog, record)]
    for name in record.attributes:
        title = catalog.attribute_title(record, name)
        columns += [
            _typed(name, title, catalog.attribute_element(record, name)),
            ColumnSpec(f"{name}_source", "string", f"{title}的来源"),
            ColumnSpec(f"{name}_disputed", "boolean", f"{title}有争议"),
        ]
    place = layout.foundation(record.database, record.name)
    return TableSpec(place, record.title, record.description, record.key, (*columns, FLAGGED))


def _key_columns(catalog: Catalog, record: GoldenRecord) -> tuple[ColumnSpec, ...]:
    elements = [catalog.elements[part] for part in record.key]
    return tuple(_typed(element.name, element.title, element) for element in elements)


OF_CONFLICT = (
    ColumnSpec("attribute", "string", "属性"),
    ColumnSpec("source", "string", "来源"),
    ColumnSpec("value", "string", "来源给出的值", "sensitive_personal"),
    ColumnSpec("stands", "boolean", "是否为采用的值"),
    ColumnSpec("agency", "string", "应处理的机构"),
    ColumnSpec("batch", "string", "批次"),
    ColumnSpec("row", "int64", "文件中的行号"),
)


def conflict_spec(catalog: Catalog, record: GoldenRecord) -> TableSpec:
    """One row per competing value of an attribute on which the sources of a golden record disagree."""
    return TableSpec(
        layout.foundation(record.database, catalog.table_beside(record, "conflict")),
        f"{record.title}：来源不一致",
        "One row per golden key, attribute and source where sources disagree: what each says, which value stands, "
        "and the agency that must act.",
        (*record.key, "attribute", "source"),
        (*_key_columns(catalog, record), *OF_CONFLICT),
    )


def finding_spec(catalog: Catalog, record: GoldenRecord) -> TableSpec:
    """Rows that break a rule across tables, each with the agency that must act; `subject` is the record's entity."""
    element = catalog.elements[record.entity]
    return TableSpec(
        layout.foundation(record.database, catalog.table_beside(record, "finding")),
        f"{record.title}：跨表核查发现",
        "Rows that contradict another table: the rule, whom it is about, the row at fault, the agency that must act.",
        ("rule", "subject", "source", "batch", "row"),
        (
            ColumnSpec("rule", "string", "规则"),
            ColumnSpec("title", "string", "规则说明"),
            ColumnSpec("subject", "string", element.title, element.grade, element.mask, element.name),
            ColumnSpec("source", "string", "来源"),
            ColumnSpec("batch", "string", "批次"),
            ColumnSpec("row", "int64", "文件中的行号"),
            ColumnSpec("agency", "string", "应处理的机构"),
        ),
    )


BATCHES = TableSpec(
    layout.quality("batch"),
    "交付批次",
    "One row per delivered file, known by its hash: what it is and what was noticed while reading it.",
    (),
    (
        ColumnSpec("batch", "string", "批次"),
        ColumnSpec("source", "string", "来源"),
        ColumnSpec("file", "string", "文件名"),
        ColumnSpec("sha256", "string", "文件哈希"),
        ColumnSpec("bytes", "int64", "文件大小（字节）"),
        ColumnSpec("received_at", TIMESTAMP, "收到时间"),
        ColumnSpec("format", "string", "格式"),
        ColumnSpec("encoding", "string", "编码"),
        ColumnSpec("delimiter", "string", "分隔符"),
        ColumnSpec("header", "array<string>", "表头"),
        ColumnSpec("rows", "int64", "记录数"),
        ColumnSpec("readable", "boolean", "可读"),
        ColumnSpec("problems", "array<string>", "读取时发现的问题"),
        ColumnSpec("problems_zh", "array<string>", "读取时发现的问题（中文）"),
        ColumnSpec("agency", "string", "交付的机构"),
    ),
)
VERDICTS = TableSpec(
    layout.quality("batch_verdict"),
    "批次结论",
    "What was decided about each batch, by the gate or by a person, whose last decision counts until it is revoked; or "
    "about one quarantined row of a batch, by a person.",
    (),
    (
        ColumnSpec("batch", "string", "批次"),
        ColumnSpec("source", "string", "来源"),
        ColumnSpec("row", "int64", "文件中的行号（仅针对单行的决定）"),
        ColumnSpec("verdict", "string", f"结论：{'、'.join(Verdict)}"),
        ColumnSpec("rules", "array<string>", "未通过的批次规则"),
        ColumnSpec("reason", "string", "理由"),
        ColumnSpec("decided_at", TIMESTAMP, "决定时间"),
        ColumnSpec("rows", "int64", "记录数"),
        ColumnSpec("accepted", "int64", "合格记录数"),
        ColumnSpec("flagged", "int64", "合格但有提示的记录数"),
        ColumnSpec("quarantined", "int64", "隔离记录数"),
        ColumnSpec("decided_by", "string", "决定人（本人所报）", "personal"),
        ColumnSpec("account", "string", "决定人的系统账户", "personal"),
    ),
)
CONFIRMATIONS = TableSpec(
    layout.quality("confirmation"),
    "声明变更确认",
    "Who let changed declarations take rows of a source out of standard, why and when; it holds for those alone.",
    (),
    (
        ColumnSpec("source", "string", "来源"),
        ColumnSpec("declarations", "string", "声明摘要"),
        ColumnSpec("reason", "string", "理由"),
        ColumnSpec("decided_by", "string", "决定人", "personal"),
        ColumnSpec("account", "string", "账户", "personal"),
        ColumnSpec("decided_at", TIMESTAMP, "决定时间"),
    ),
)
OVERRIDES = TableSpec(
    layout.quality("override"),
    "冲突裁定",
    "What people have settled about attributes of golden records, why and until when; the last word on each counts.",
    (),
    (
        ColumnSpec("record", "string", "基准记录"),
        ColumnSpec("key", "array<string>", "主键各部分的规范形式", "sensitive_personal"),
        ColumnSpec("attribute", "string", "属性"),
        ColumnSpec("value", "string", "裁定的值（规范形式；撤回时为空）", "sensitive_personal"),
        ColumnSpec("reason", "string", "理由"),
        ColumnSpec("expires_on", "date", "有效期止（撤回时为空）"),
        ColumnSpec("withdrawn", "boolean", "是否撤回"),
        ColumnSpec("decided_by", "string", "裁定人（本人所报）", "personal"),
        ColumnSpec("account", "string", "裁定人的系统账户", "personal"),
        ColumnSpec("settled_at", TIMESTAMP, "裁定时间"),
    ),
)
RULE_RESULTS = TableSpec(
    layout.quality("rule_result"),
    "规则结果",
    "Per batch and rule: how many rows it was applied to and how many broke it, by the gate and by Great Expectations.",
    (),
    (
        ColumnSpec("batch", "string", "批次"),
        ColumnSpec("source", "string", "来源"),
        ColumnSpec("rule", "string", "规则"),
        ColumnSpec("title", "string", "规则说明"),
        ColumnSpec("severity", "string", "严重程度"),
        ColumnSpec("standard", "string", "依据"),
        ColumnSpec("evaluated", "int64", "检查数"),
        ColumnSpec("broken", "int64", "违反数"),
    ),
)
VALIDATIONS = TableSpec(
    layout.quality("validation"),
    "校验结果",
    "Great Expectations' own result of batches judged together, as JSON and without values; Data Docs show it.",
    (),
    (
        ColumnSpec("batch", "string", "批次（一起校验的最后一批）"),
        ColumnSpec("source", "string", "来源"),
        ColumnSpec("batches", "array<string>", "一起校验的批次"),
        ColumnSpec("result", "string", "结果（JSON）"),
    ),
)
DUPLICATES = TableSpec(
    layout.quality("duplicate_collection"),
    "重复采集",
    "Per item and two sources of different agencies that deliver it: of how many keys both have it, of how many the "
    "same, and which of both is the authority (一数一源). Counts alone, and no value.",
    ("record", "item", "source", "other_source"),
    (
        ColumnSpec("record", "string", "基准记录"),
        ColumnSpec("item", "string", "信息项"),
        ColumnSpec("title", "string", "信息项名称"),
        ColumnSpec("source", "string", "来源"),
        ColumnSpec("agency", "string", "来源的机构"),
        ColumnSpec("other_source", "string", "另一来源"),
        ColumnSpec("other_agency", "string", "另一来源的机构"),
        ColumnSpec("keys", "int64", "双方都有的主键数"),
        ColumnSpec("agreeing", "int64", "其中一致的主键数"),
        ColumnSpec("agreement", "float64", "一致率"),
        ColumnSpec("authority", "string", "权威来源"),
        ColumnSpec("authority_agency", "string", "权威来源的机构"),
    ),
)
RELEASES = TableSpec(
    layout.quality("release"),
    "发布清单",
    "Each release: the versions of foundation, theme and returned tables that fit together.",
    (),
    (
        ColumnSpec("release", "int64", "发布号"),
        ColumnSpec("released_at", TIMESTAMP, "发布时间"),
        ColumnSpec("table", "string", "表"),
        ColumnSpec("table_id", "string", "表标识"),
        ColumnSpec("version", "int64", "版本"),
        ColumnSpec("rows", "int64", "行数"),
    ),
)
