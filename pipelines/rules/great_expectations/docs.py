"""Data Docs: a static site of the validations, one page per batch and an index, that opens from disk.

The pages show Great Expectations' results in the words of its renderers, in plain HTML of our own. Its page
templates are not used: they load styles and scripts from six hosts, need JavaScript to unfold anything, and take
0.1 MB a page.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import jinja2

from pipelines.rules.great_expectations.validation import Validation
from pipelines.tables.rows import RuleResult

PEOPLES_TIME = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Documented:
    """A judged batch as its page shows it.

    `results` are its rule results, one per rule: the gate's counts of this batch alone; `failed` are titles of what
    the gate asks of a whole batch and it does not have. `validation` is Great
    Expectations' count of the batches `together`, this one among them, with which the gate's counts agree; None where
    no row of the batch could be validated. `report` is the way from the page to the report's entry of the batch.
    """

    source: str
    title: str
    batch: str
    file: str
    verdict: str
    rows: int
    results: Sequence[RuleResult]
    failed: Sequence[str] = ()
    validation: Validation | None = None
    together: Sequence[str] = ()
    report: str = ""

    @property
    def path(self) -> str:
        return page_of(self.source, self.batch)

    @property
    def link(self) -> str:
        """A percent sign in a file's name is escaped once more."""
        return quote(self.path)


def page_of(source: str, batch: str) -> str:
    """Where in the site a batch's page stands."""
    return f"{quote(source, safe='')}/{quote(batch, safe='')}.html"


def build_docs(batches: Iterable[Documented], site: Path, report: str = "") -> Path:
    """Write the site into the folder `site`, and return the path of its index page.

    Pages of earlier batches stay, but the index lists only those given. `report` is the way from the index to the
    report. A page holds rules and counts, never a value of the data.
    """
    templates = _templates()
    pages = []
    for batch in batches:
        page = _page(batch)
        _write(site / batch.path, templates.get_template("batch.html").render(page=page, home="../index.html"))
        pages.append({name: page[name] for name in ("batch", "count", "broken", "critical", "validated_at")})
    _write(site / "index.html", templates.get_template("index.html").render(pages=pages, report=report))
    return site / "index.html"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["count"] = lambda number: "—" if number is None else f"{number:,}"
    environment.filters["share"] = _share
    return environment


def _share(part: int, whole: int | None) -> str:
    """Two decimals, but never a rounded zero for something that there is."""
    if not whole:
        return "—"
    percent = 100 * part / whole
    return f"{percent:.2f} %" if part == 0 or percent >= 0.01 else "< 0.01 %"


def _page(batch: Documented) -> dict[str, Any]:
    validated = json.loads(batch.validation.result) if batch.validation else {"results": [], "meta": {}}
    meta = validated["meta"]
    rules = _rules(batch, {result["expectation_config"]["meta"]["rule"]: result for result in validated["results"]})
    broken = [rule for rule in rules if rule["broken"]]
    return {
        "batch": batch,
        "validated_at": _local_time(batch.validation.validated_at) if batch.validation else None,
        "version": meta.get("great_expectations_version", ""),
        "rules": rules,
        "count": len(rules),
        "broken": broken,
        "critical": sum(rule["severity"] == "critical" for rule in broken),
        "alike": [result for result in validated["results"] if _is_reading(batch, result)],
    }


def _local_time(moment: datetime.datetime) -> str:
    return moment.astimezone(PEOPLES_TIME).strftime("%Y-%m-%d %H:%M:%S")


def _rules(batch: Documented, validated: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The batch's own counts in the order of the suite, each with what Great Expectations says of the rule."""
    places = {rule: place for place, rule in enumerate(validated)}
    rules = []
    for counted in sorted(batch.results, key=lambda row: (places.get(row.rule, len(places)), row.rule)):
        result = validated.get(counted.rule)
        outcome = batch.validation.outcomes[counted.rule] if batch.validation and result else None
        rules.append(
            {
                **counted._asdict(),
                "wording": result["expectation_config"]["meta"]["wording"] if result else "",
                "confirmed": outcome.unexpected if outcome and outcome.evaluated is not None else None,
            }
        )
    return rules


def _is_reading(batch: Documented, result: Mapping[str, Any]) -> bool:
    return result["expectation_config"]["meta"]["rule"] not in {row.rule for row in batch.results}
