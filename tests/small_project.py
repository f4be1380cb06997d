"""A project cut out of the real one, small enough that a run over a few rows takes seconds, and deliveries for it."""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipelines.declarations.catalog import Catalog
from pipelines.declarations.loading import read_catalog
from pipelines.declarations.models import Models, Placed, read_models
from pipelines.modelling import ClaimsOf
from tests.deliveries import Row, cells_of, csv_text, deliver, household, json_lines, name_of, person_id

ROOT = Path(__file__).resolve().parents[1]
PERSONS = ("household_registration", "marriage_registration", "death_registration", "residence_permit")
CITIES = ("150100", "150400")


def small_project(folder: Path, sources: Collection[str] = PERSONS, cities: Collection[str] = CITIES) -> Path:
    """Write the real declarations, cut down to `sources`, `cities` and what can be computed from them, into `folder`.

    Golden records lose the other sources, and models and findings that need one of them are left out, as are those
    that need what was left out. Raises ValueError where a source or city is not declared.
    """
    catalog = read_catalog(ROOT)
    if unknown := {*sources} - {*catalog.contracts} | {*cities} - {*catalog.cities}:
        raise ValueError(f"not declared: {', '.join(sorted(unknown))}")
    shutil.copytree(ROOT / "catalog", folder / "catalog")
    _cut(folder / "catalog/cities.yml", cities)
    for name in sources:
        _copy(catalog.contracts[name].database, f"sources/{name}.yml", folder)
    records = _records(catalog, sources)
    for name in records:
        _copy(catalog.records[name].database, f"{name}.yml", folder)
        _keep_sources(folder / "foundation_dbs" / catalog.records[name].database / f"{name}.yml", sources)
    _copy_models(read_models(catalog), {*sources, *records}, _made_of(catalog, records), folder)
    for path in (ROOT / "expectations").rglob("*.yml"):
        if path.stem in {"every_source", *sources}:
            _copied(path, folder)
    return folder


def _records(catalog: Catalog, sources: Collection[str]) -> list[str]:
    """The golden records that a kept source feeds."""
    feeds = [catalog.contracts[name].feeds for name in sources]
    return sorted({one.record for one in feeds if one})


def _made_of(catalog: Catalog, records: Iterable[str]) -> set[str]:
    """The tables that the pipeline makes beside every golden record."""
    return {f"{catalog.records[name].database}_{kind}" for name in records for kind in ("conflict", "finding")}


def _copy(database: str, file: str, folder: Path) -> None:
    _copied(ROOT / "foundation_dbs" / database / file, folder)


def _copied(path: Path, folder: Path) -> Path:
    place = folder / path.relative_to(ROOT)
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, place)
    return place


def _cut(path: Path, kept: Collection[str]) -> None:
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    _write_yaml(path, {name: value for name, value in said.items() if name in kept})


def _write_yaml(path: Path, said: Any) -> None:
    path.write_text(yaml.safe_dump(said, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _keep_sources(record: Path, sources: Collection[str]) -> None:
    """Leave only kept sources in `from`; an attribute that none of them gives is left out."""
    said = yaml.safe_load(record.read_text(encoding="utf-8"))
    for name, attribute in list(said["attributes"].items()):
        if not (attribute and "from" in attribute):
            continue
        attribute["from"] = [one for one in attribute["from"] if one.partition(".")[0] in sources]
        if not attribute["from"]:
            del said["attributes"][name]
    _write_yaml(record, said)


def _copy_models(models: Models, known: set[str], made_later: set[str], folder: Path) -> None:
    """Copy the modules of models and findings whose inputs are there; the others' functions are taken out of them."""
    known = known | made_later
    placed = [*models.tables.values(), *(one for found in models.findings.values() for one in found)]
    kept: list[Placed] = []
    for one in placed:  # in an order in which every input comes before its use
        if all((i.record if isinstance(i, ClaimsOf) else i) in known for i in _tables_of(one)):
            kept.append(one)
            known.add(one.declared.name)
    for path in {one.path for one in kept}:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        for one in placed:
            if one.path == path and one not in kept:
                body, first = inspect.getsourcelines(one.declared.function)
                lines[first - 1 : first - 1 + len(body)] = [""] * len(body)
        _copied(path, folder).write_text("".join(lines), encoding="utf-8")


def _tables_of(placed: Placed) -> Iterator[str | ClaimsOf]:
    return (one for one in placed.declared.inputs.values() if isinstance(one, str | ClaimsOf))


@dataclass(frozen=True)
class Delivered:
    """Rows of one source under a file's name; the suffix says how they are written: `.csv` or `.jsonl`."""

    source: str
    file: str
    rows: Sequence[Row]

    def write(self, landing: Path) -> Path:
        """Put the file into `landing/<source>`; rows may say different columns."""
        if Path(self.file).suffix == ".jsonl":
            return deliver(landing, self.source, self.file, json_lines(self.rows))
        header = list(dict.fromkeys(name for row in self.rows for name in row))
        return deliver(landing, self.source, self.file, csv_text(cells_of(self.rows, header)))


def permit(number: int, **said: str) -> Row:
    """The residence permit of the person `number`, who lives in the other of the two cities."""
    return {
        "居住证编号": f"P150402{number:08d}",
        "公民身份号码": person_id(number),
        "姓名": name_of(number),
        "性别": household(number)["性别"],
        "现居住地区划代码": "150402",
        "现居住地址": f"红山区{number}号",
        "签发日期": "2025-06-01",
        "有效期起": "2025-06-01",
        "有效期止": "2027-05-31",
        "更新时间": "2026-03-01 08:00:00",
        **said,
    }


def death(number: int, **said: str) -> Row:
    """The death certificate of the person `number`."""
    return {
        "死亡证编号": f"D150102{number:08d}",
        "公民身份号码": person_id(number),
        "姓名": name_of(number),
        "性别": household(number)["性别"],
        "死亡日期": "2026-02-01",
        "死亡地点": "医院",
        "签发日期": "2026-02-02",
        "更新时间": "2026-03-01 08:00:00",
        **said,
    }
