"""The delivery that a workbook is: which of its sheets is read, its header, and the rows below that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipelines.declarations.contract import Contract
from pipelines.readers import header as headers
from pipelines.readers.delivery import Delivery, Problem, UnreadableFile
from pipelines.readers.xlsx.merged import Merged, merged_ranges
from pipelines.readers.xlsx.rows import Rows
from pipelines.readers.xlsx.sheet import read_cells
from pipelines.readers.xlsx.values import Texts, stored
from pipelines.readers.xlsx.workbook import Sheet, Workbook


class XlsxDelivery(Delivery):
    """One visible sheet of a workbook. Rows are numbered as Excel shows them; empty rows are skipped.

    Cells come as they are stored. A number of more than 15 digits before its point comes in scientific form, since
    Excel has rounded it. A row whose declared columns hold such a one, an error, or a formula without a result is
    damaged.
    """

    format = "xlsx"

    def __init__(self, path: Path, contract: Contract) -> None:
        self._book = Workbook(path)
        starts = [(sheet, *self._start_of(sheet)) for sheet in self._book.sheets]
        filled = [(sheet, row, header) for sheet, row, header in starts if header]
        visible = [sheet for sheet in filled if not sheet[0].hidden]
        if not visible:
            raise _without_rows(path.name, [sheet.name for sheet, _, _ in filled])
        self._sheet, self._header_row, header = self._meant(visible, contract)
        super().__init__(path, contract, header)
        self._matched = headers.match(path.name, header, contract)
        headers.note_unknown(self, [header[at] for at in self._matched.unknown if header[at].strip()])
        self._note_other_sheets([sheet for sheet, _, _ in filled if sheet is not self._sheet])

    def _rows(self) -> Iterator[pa.RecordBatch]:
        part = self._sheet.part
        merged = Merged(part, merged_ranges(part), self._header_row)
        rows = Rows(self, self._book, self._matched)
        for cells in read_cells(part, self._book.formats, len(self._book.texts.lengths)):
            below = cells.below(self._header_row)
            if len(below.rows):
                yield from rows.take(below, merged)

    def _start_of(self, sheet: Sheet) -> tuple[int, list[str]]:
        """The number of the sheet's first row that holds anything, and that row; without cells where none does."""
        for cells in read_cells(sheet.part, self._book.formats, len(self._book.texts.lengths), batch_rows=1):
            first = np.flatnonzero(cells.row == 0)
            columns = cells.column[first].tolist()
            texts = Texts(cells.kind[first], stored(cells, first, self._book.texts), self._book.date1904)
            header = dict(zip(columns, texts.texts.to_pylist(), strict=True))
            return int(cells.rows[0]), [header.get(at, "") for at in range(max(columns) + 1)]
        return 0, []

    def _meant(self, visible: list[tuple[Sheet, int, list[str]]], contract: Contract) -> tuple[Sheet, int, list[str]]:
        """The sheet with the most declared headers; of such sheets the first that has rows below them."""
        known = [headers.recognised(header, contract) for _, _, header in visible]
        best = [sheet for sheet, count in zip(visible, known, strict=True) if count == max(known)]
        if len(best) == 1:
            return best[0]
        return next((sheet for sheet in best if self._has_rows(*sheet[:2])), best[0])

    def _has_rows(self, sheet: Sheet, header_row: int) -> bool:
        batches = read_cells(sheet.part, self._book.formats, len(self._book.texts.lengths), batch_rows=1)
        return any(len(cells.below(header_row).rows) for cells in batches)

    def _note_other_sheets(self, others: list[Sheet]) -> None:
        if others:
            named = ", ".join(f"{sheet.name} (hidden)" if sheet.hidden else sheet.name for sheet in others)
            chinese = "、".join(f"{sheet.name}（隐藏）" if sheet.hidden else sheet.name for sheet in others)
            self.note(
                f"only the sheet {self._sheet.name} is read; the sheets {named} hold rows too",
                "deliver one table per file, or remove the other sheets",
                (
                    f"只读取工作表 {self._sheet.name}；工作表 {chinese} 也有记录",
                    "请每个文件只放一张表，或删去其他工作表",
                ),
            )


def _without_rows(file: str, hidden: list[str]) -> UnreadableFile:
    if hidden:
        return UnreadableFile(
            Problem(
                file,
                f"only hidden sheets of the workbook hold anything ({', '.join(hidden)}), and they are not read",
                "show the sheet that is meant (Excel: Unhide), remove the others, and send it again",
                zh=(
                    f"工作簿只有隐藏的工作表（{'、'.join(hidden)}）有内容，不予读取",
                    "请在 Excel 中取消隐藏要报送的工作表，删去其他的，再重新报送",
                ),
            )
        )
    return UnreadableFile(
        Problem(
            file,
            "no sheet of the workbook holds anything",
            "deliver the workbook with its rows",
            zh=("工作簿的各工作表都是空的", "请连同记录一起报送"),
        )
    )
