"""CSV: any of five delimiters, any line ends, quotes as RFC 4180 has them; what is broken is noticed per row."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv

from pipelines.declarations.contract import Contract
from pipelines.readers import encoding
from pipelines.readers import header as headers
from pipelines.readers.csv_rows import RaggedRow, Rows
from pipelines.readers.delivery import Delivery, Problem, UnreadableFile
from pipelines.readers.quoting import LONGEST, Failure, Lexer, Records
from pipelines.readers.text import open_text

DELIMITERS = {",": b",", "\t": b"\t", ";": b";", "|": b"|", "，": b"\x1f"}
_NAMES = {",": "comma", "\t": "tab", ";": "semicolon", "|": "vertical bar", "，": "full-width comma"}
_FULL_WIDTH = "，".encode()
_BLOCK = 2 * LONGEST  # Arrow needs every record to fit into one block
_RAGGED_AT_ONCE = 100_000


class CsvDelivery(Delivery):
    """A CSV file. Blank lines are skipped, but count as rows, as a spreadsheet shows them.

    `matched` says which position of the header feeds which column. Row `first_row` begins after `lines_before` lines
    (by line feeds) that hold the header and the blank lines before it.
    """

    format = "csv"

    def __init__(self, path: Path, contract: Contract) -> None:
        self.encoding, self._text = open_text(path, lambda line: _best(line, contract)[1])
        start = next(iter(self._text), b"")
        self._skip, blank = _blank_lines(start)
        line = start[self._skip : self._skip + LONGEST]
        self.delimiter, known = _best(line, contract)
        self._lexer = Lexer(DELIMITERS[self.delimiter])
        record = self._lexer.first_record(_translated(line, self.delimiter))
        header = encoding.shown(self._lexer.cells(record), self.encoding) if record is not None else []
        if not known:
            raise _no_header(path.name, line, contract)
        if record is None:
            raise _broken(path.name, "quote", blank + 1)
        if not record.endswith((b"\n", b"\r")) and len(line) == LONGEST:
            raise _broken(path.name, "long", blank + 1)
        headers.check_number(path.name, len(header), blank + 1)
        super().__init__(path, contract, header)
        self.matched = headers.match(path.name, header, contract)
        self.first_row = blank + 2
        self.lines_before = blank + record.count(b"\n") + (not record.endswith(b"\n"))
        self._skip += len(record) if self.delimiter != "，" else len(record.replace(b"\x1f", _FULL_WIDTH))
        headers.note_unknown(self, [header[position] for position in self.matched.unknown])

    def _rows(self) -> Iterator[pa.RecordBatch]:
        self._text.restart(characters=self.delimiter == "，")
        records = Records(self._body(), DELIMITERS[self.delimiter or ","])
        rows = Rows(self, self.matched, self._lexer, self._text, records, self.first_row)
        try:
            for batch in _parsed(records, len(self.header), self._lexer, self.delimiter or ",", rows.ragged):
                yield from rows.take(batch)
        except pa.ArrowInvalid as error:
            # Arrow's own message quotes the row: it must not be passed on.
            raise self._unparsed(rows, str(error)) from None
        yield from rows.rest()
        if records.failure:
            raise _broken(self.path.name, records.failure, rows.next_row)

    def _body(self) -> Iterator[bytes]:
        """The file after its header."""
        chunks = iter(self._text)
        first = next(chunks, b"")[self._skip :]
        yield _translated(first, self.delimiter)
        for chunk in chunks:
            yield _translated(chunk, self.delimiter)

    def _unparsed(self, rows: Rows, error: str) -> UnreadableFile:
        if "straddles" in error:
            return _broken(self.path.name, "long", rows.next_row)
        if len(rows.ragged) > _RAGGED_AT_ONCE:
            return UnreadableFile(
                Problem(
                    self.path.name,
                    f"row after row has another number of cells than the header's {len(self.header)}",
                    "check the delimiter and that cells with a delimiter in them are quoted, then export again",
                    row=rows.ragged[0].number + self.first_row - 1,
                    zh=(
                        f"接连多行的单元格数与表头的 {len(self.header)} 个不同",
                        "请核对分隔符，含分隔符的单元格请加引号，再重新导出",
                    ),
                )
            )
        return UnreadableFile(
            Problem(
                self.path.name,
                "the CSV parser gave up near this row",
                "export the file again",
                rows.next_row,
                zh=("在此行附近无法继续解析 CSV", "请重新导出"),
            )
        )


def _parsed(
    records: Records, width: int, lexer: Lexer, delimiter: str, ragged: list[RaggedRow]
) -> Iterator[pa.RecordBatch]:
    """Batches of text columns named by position; rows of another width go to `ragged` with their numbers."""
    if not (start := records.read(1)):
        return
    names = [str(position) for position in range(width)]

    def set_aside(row: pacsv.InvalidRow) -> str:
        ragged.append(RaggedRow(row.number, row.text))
        return "skip" if len(ragged) <= _RAGGED_AT_ONCE else "error"

    reader = pacsv.open_csv(
        # Arrow takes away one byte order mark: give it ours, or a first cell that begins with one would lose it.
        pa.PythonFile(_Prepended(codecs.BOM_UTF8 + start, records.read), mode="r"),
        read_options=pacsv.ReadOptions(use_threads=False, block_size=_BLOCK, column_names=names),
        parse_options=pacsv.ParseOptions(
            delimiter=DELIMITERS[delimiter].decode(),
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=set_aside,
        ),
        convert_options=pacsv.ConvertOptions(
            column_types={name: pa.string() for name in names}, strings_can_be_null=False, check_utf8=False
        ),
    )
    yield from reader


class _Prepended:
    """A stream whose first bytes were already read, to see whether there are any."""

    closed = False

    def __init__(self, start: bytes, read: Callable[[int], bytes]) -> None:
        self._start, self._read = start, read

    def read(self, size: int) -> bytes:
        start, self._start = self._start, b""
        return start or self._read(size)

    def close(self) -> None:
        self.closed = True


def _best(line: bytes, contract: Contract) -> tuple[str, int]:
    """The delimiter under which most declared headers are recognised, and how many."""
    known = {}
    for delimiter, byte in DELIMITERS.items():
        lexer = Lexer(byte)
        record = lexer.first_record(_translated(line, delimiter))
        known[delimiter] = headers.recognised(lexer.cells(record or b""), contract)
    best = max(known, key=lambda delimiter: known[delimiter])
    return best, known[best]


def _translated(chunk: bytes, delimiter: str | None) -> bytes:
    """Arrow's delimiter is one byte: a full-width comma is translated on the way in, and back in the cells."""
    return chunk.replace(_FULL_WIDTH, DELIMITERS["，"]) if delimiter == "，" else chunk


def _blank_lines(start: bytes) -> tuple[int, int]:
    """Bytes and number of blank lines before the header."""
    at = blank = 0
    for line in start.splitlines(keepends=True):
        if line.strip():
            break
        at += len(line)
        blank += 1
    return at, blank


def _no_header(file: str, line: bytes, contract: Contract) -> UnreadableFile:
    first = line.split(b"\n", 1)[0].split(b"\r", 1)[0].decode("utf-8", "replace")
    if encoding.has_marks(first):
        return UnreadableFile(
            Problem(
                file,
                "the first line is neither UTF-8 nor GB18030: the encoding is unknown, or the file is no text",
                f"save it as CSV in UTF-8 or GB18030, then try `huiliu check {file}`",
                row=1,
                zh=(
                    "第一行既不是 UTF-8 也不是 GB18030：编码不明，或文件不是文本",
                    f"请另存为 UTF-8 或 GB18030 的 CSV，再用 `huiliu check {file}` 检查",
                ),
            )
        )
    tried = ", ".join(_NAMES.values())
    stands = headers.shown([first], contract)
    return UnreadableFile(
        Problem(
            file,
            f"no column of the contract {contract.name} was found in the first line with any delimiter "
            f"({tried}); the header {stands.en}",
            f"begin the file with the header {headers.cut(' | '.join(contract.cells))}, separated by one of these "
            f"delimiters, in UTF-8 or GB18030; then try `huiliu check {file}`",
            row=1,
            zh=(
                f"按任何分隔符都没有在第一行找到契约 {contract.name} 的列；{stands.zh}",
                f"请以表头 {headers.cut(' | '.join(contract.cells))} 开头，用逗号、制表符、分号或竖线分开，"
                f"编码用 UTF-8 或 GB18030；再用 `huiliu check {file}` 检查",
            ),
        )
    )


def _broken(file: str, failure: Failure, row: int) -> UnreadableFile:
    what, todo, *zh = {
        "quote": (
            "a quote opens in this row and is not closed on its line, so where the row ends is unclear; "
            "the whole file is refused",
            'close the quote, or double a quote that belongs to the text (""), and export the file again',
            "此行的引号没有在本行收尾，记录在哪里结束不明确；整个文件不予接收",
            '请补上收尾引号，文字中的引号请写成两个（""），再重新导出',
        ),
        "long": (
            f"this row is longer than {LONGEST // 1024 // 1024} MB: its line end is missing",
            "check the line ends and export the file again",
            f"此行超过 {LONGEST // 1024 // 1024} MB：缺少换行",
            "请核对换行，再重新导出",
        ),
        "nul": (
            "a NUL byte stands in this row: the file is damaged or no text",
            "export the file again as text",
            "此行含 NUL 字节：文件已损坏或不是文本",
            "请重新导出为文本",
        ),
    }[failure]
    return UnreadableFile(Problem(file, what, todo, row=row, zh=(zh[0], zh[1])))
