"""The workbook's own parts: its sheets, its epoch, and where the parts that they need stand."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from pathlib import Path

from pipelines.readers.delivery import Problem, UnreadableFile
from pipelines.readers.xlsx import markup
from pipelines.readers.xlsx.formats import cell_formats
from pipelines.readers.xlsx.package import Package, Part, damaged, no_workbook
from pipelines.readers.xlsx.shared import SharedTexts

_MOST_SHEETS = 10_000


@dataclass(frozen=True)
class Sheet:
    """A worksheet; `hidden` ones Excel does not show, whether people can make it or not."""

    name: str
    hidden: bool
    part: Part


@dataclass(frozen=True)
class _Target:
    kind: str
    name: str


class Workbook:
    """An opened workbook. Chart and dialog sheets are no part of `sheets`. Raises UnreadableFile."""

    def __init__(self, path: Path) -> None:
        package = Package(path)
        own = _main_part(package)
        self.file = path.name
        self.date1904 = False
        self._listed: list[dict[str, str]] = []
        markup.read_whole(own, self._start)
        targets = _targets(package, own.name)
        self.sheets = [sheet for listed in self._listed if (sheet := self._sheet(package, targets, listed))]
        parts = {target.kind: package.find(target.name) for target in targets.values()}
        self.formats = cell_formats(parts.get("styles"))
        self.texts = SharedTexts(parts.get("sharedStrings"))

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "workbookPr":
            self.date1904 = attributes.get("date1904", "").strip() in ("1", "true", "on")
        elif name == "sheet":
            self._listed.append(attributes)
            if len(self._listed) > _MOST_SHEETS:
                raise damaged(self.file, " (it lists more than 10,000 sheets)")

    def _sheet(self, package: Package, targets: dict[str, _Target], listed: dict[str, str]) -> Sheet | None:
        relation = next((value for key, value in listed.items() if key.rpartition(":")[2] == "id"), "")
        target = targets.get(relation)
        if target is None:
            raise damaged(self.file, " (a sheet of it is missing)")
        if target.kind != "worksheet":
            return None
        hidden = listed.get("state", "visible") in ("hidden", "veryHidden")
        return Sheet(listed.get("name", ""), hidden, package.part(target.name))


def _main_part(package: Package) -> Part:
    for target in _targets(package, "").values() if package.find("_rels/.rels") else ():
        if target.kind == "officeDocument":
            found = package.find(target.name)
            if found is not None and found.name.endswith(".bin"):
                raise _binary(package.path.name)
            if found is not None and found.name.startswith("xl/"):
                return found
    found = package.find("xl/workbook.xml")
    if found is None:
        raise no_workbook(package.path.name)
    return found


def _targets(package: Package, name: str) -> dict[str, _Target]:
    """The parts that a part names, by the identifiers under which it does; a kind is the last word of its type."""
    folder, _, own = name.rpartition("/")
    found: dict[str, _Target] = {}

    def start(element: str, attributes: dict[str, str]) -> None:
        if element == "Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.join("/", folder, attributes.get("Target", "").replace("\\", "/"))
            found[attributes.get("Id", "")] = _Target(attributes.get("Type", "").rpartition("/")[2], target)

    markup.read_whole(package.part(posixpath.join(folder, "_rels", f"{own}.rels")), start)
    return found


def _binary(file: str) -> UnreadableFile:
    return UnreadableFile(
        Problem(
            file,
            "the workbook is in Excel's binary format (.xlsb)",
            "save it as .xlsx in Excel and send that",
            zh=("工作簿是 Excel 的二进制格式（.xlsb）", "请在 Excel 中另存为 .xlsx 再报送"),
        )
    )
