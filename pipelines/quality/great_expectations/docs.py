"""Data Docs: a static site of the validations, one page per batch and an index, that opens from disk.

The pages show Great Expectations' results in the words of its renderers, in plain HTML of our own. Its page
templates are not used: they load styles and scripts from six hosts, need JavaScript to unfold anything, and take
0.1 MB a page.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import jinja2

from pipelines.quality.great_expectations.validation import Validation

PEOPLES_TIME = ZoneInfo("Asia/Shanghai")


def build_docs(validations: Iterable[Validation], site: Path, titles: Mapping[str, str] | None = None) -> Path:
    """Write the site into the folder `site`, and return the path of its index page.

    Pages of earlier validations stay, but the index lists only those given. `titles` are what people call the
    sources. A page holds rules and counts, never a value of the data.
    """
    templates = _templates()
    pages = []
    for validation in validations:
        page = _page(validation, titles or {})
        path = site / page["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(templates.get_template("batch.html").render(page=page, home="../index.html"), encoding="utf-8")
        pages.append(page)
    pages.sort(key=lambda page: (page["source"], page["validated_at"], page["batch"]))
    index = site / "index.html"
    index.parent.mkdir(parents=True, exist_ok=True)
    index.write_text(templates.get_template("index.html").render(pages=pages), encoding="utf-8")
    return index


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


def _page(validation: Validation, titles: Mapping[str, str]) -> dict[str, Any]:
    result = json.loads(validation.result)
    rules = [_rule(one, validation) for one in result["results"]]
    return {
        "path": f"{quote(validation.source, safe='')}/{quote(validation.batch, safe='')}.html",
        # A percent sign in a file's name is to be escaped once more in a link to it.
        "link": quote(f"{quote(validation.source, safe='')}/{quote(validation.batch, safe='')}.html"),
        "source": validation.source,
        "title": titles.get(validation.source, ""),
        "batch": validation.batch,
        "validated_at": _local_time(result["meta"]["batch_markers"]["ge_load_time"]),
        "version": result["meta"].get("great_expectations_version", ""),
        "rows": max((one["result"].get("element_count") or 0 for one in result["results"]), default=0),
        "rules": rules,
        "broken": [rule for rule in rules if not rule["success"]],
        "critical": sum(not rule["success"] and rule["severity"] == "critical" for rule in rules),
    }


def _local_time(said: str) -> str:
    moment = datetime.datetime.strptime(said, "%Y%m%dT%H%M%S.%f%z")
    return moment.astimezone(PEOPLES_TIME).strftime("%Y-%m-%d %H:%M:%S")


def _rule(one: dict[str, Any], validation: Validation) -> dict[str, Any]:
    config = one["expectation_config"]
    outcome = validation.outcomes[config["meta"]["rule"]]
    return {
        "code": outcome.rule,
        "title": config["description"],
        "severity": config["severity"],
        "type": config["type"],
        "wording": config["meta"]["wording"],
        "evaluated": outcome.evaluated,
        "unexpected": outcome.unexpected,
        "success": outcome.success,
    }
