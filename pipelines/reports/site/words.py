"""The report's Chinese words for what the lake holds as codes, and its ways to write numbers and times."""

from __future__ import annotations

import datetime
import re

from pipelines.declarations.contract import Contract
from pipelines.rules.batch_rules import titles
from pipelines.rules.gate import READABLE
from pipelines.rules.verdicts import TYPABLE
from pipelines.settings import PEOPLE_TIME
from pipelines.tables.verdict import Verdict

UNJUDGED = "unjudged"
VERDICTS = {
    Verdict.PASSED: "通过",
    Verdict.HELD: "待决",
    Verdict.RELEASED: "已放行",
    Verdict.REJECTED: "已退回",
    Verdict.RECALLED: "已撤回",
    UNJUDGED: "未判定",
}
NO_VALUE = "—"


def severity(code: str, *, on_table: bool) -> str:
    """What follows when a rule is broken."""
    if code != "critical":
        return "提示"
    return "整批待决" if on_table else "隔离"


def batch_rule_title(code: str, contract: Contract) -> str | None:
    """Title of a rule that the gate itself applies to a batch; None for any other rule."""
    own_titles = {READABLE: "文件应完整且可读取", TYPABLE: "记录应能读取为数据"}
    return (own_titles | titles(contract)).get(code)


def number(value: int | None) -> str:
    return NO_VALUE if value is None else f"{value:,}"


def share(value: float | None) -> str:
    """A share of one as percent: two digits after the point where it is small, and never 0 for what is not."""
    if value is None:
        return NO_VALUE
    if 0 < value < 0.0001:
        return "<0.01%"
    if 0.9995 <= value < 1:  # what is rounded to all is not all
        return ">99.9%"
    return f"{value:.2%}" if 0 < value < 0.1 else f"{value:.1%}".replace(".0%", "%")


def brief(masked: str | None) -> str | None:
    """A masked value whose stars no longer tell its length."""
    return re.sub(r"\*{4,}", "***", masked) if masked else masked


def size(count: int) -> str:
    """Bytes for people."""
    amount, units = float(count), ["B", "KB", "MB", "GB", "TB"]
    while amount >= 1024 and len(units) > 1:
        amount, units = amount / 1024, units[1:]
    return f"{amount:.0f} {units[0]}" if units[0] == "B" else f"{amount:.1f} {units[0]}"


def local(moment: datetime.datetime) -> datetime.datetime:
    return moment.astimezone(PEOPLE_TIME)


def minute(moment: datetime.datetime) -> str:
    return local(moment).strftime("%Y-%m-%d %H:%M")
