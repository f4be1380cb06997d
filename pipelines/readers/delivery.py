"""What every format offers: a delivery with its header, its problems and its rows as Arrow batches."""

from __future__ import annotations

import shlex
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.declarations.contract import Contract
from pipelines.errors import HuiliuError, with_todo

ROW, EXTRA, DAMAGE, UNDECODABLE = "_row", "_extra", "_damage", "_undecodable"
RAGGED, BAD_BYTES, UNREADABLE = "row.ragged", "row.undecodable", "row.unreadable"
CELL_ERROR, DIGITS_LOST = "row.cell_error", "row.digits_lost"


@dataclass(frozen=True)
class Problem:
    """Something that a person should know or mend; `str()` is one line without personal values.

    `zh` is the same as `what` and `todo` in Chinese, for the report: what is wrong with a delivery has it always.
    """

    file: str
    what: str
    todo: str
    row: int | None = None
    column: str | None = None
    zh: tuple[str, str] | None = None

    def __str__(self) -> str:
        return with_todo(self.placed, _one_line(self.todo))

    @property
    def placed(self) -> str:
        """File, row, column and what is wrong there."""
        where = [self.file]
        if self.row is not None:
            where.append(f"row {self.row}")
        if self.column is not None:
            where.append(f"column {self.column}")
        return _one_line(f"{', '.join(where)}: {self.what}")

    @property
    def in_chinese(self) -> str:
        """One line as `str()` gives it; that one where there is no Chinese."""
        if self.zh is None:
            return str(self)
        row = "" if self.row is None else f"，第 {self.row} 行"
        column = "" if self.column is None else f"，列 {self.column}"
        return _one_line(f"{self.file}{row}{column}：{self.zh[0]}；处理办法：{self.zh[1]}")

    def renamed(self, file: str) -> Problem:
        """The same problem under the name by which the agency knows the file."""
        return replace(self.tried_at(file), file=file)

    def tried_at(self, path: str) -> Problem:
        """The same problem, with where the file is in the command that it tells to try."""
        tried = {f"`huiliu check {name}`" for name in (self.file, shlex.quote(self.file))}
        todo, zh = self.todo, self.zh
        for attempt in tried:
            now = f"`huiliu check {shlex.quote(path)}`"
            todo, zh = todo.replace(attempt, now), zh and (zh[0], zh[1].replace(attempt, now))
        return replace(self, todo=todo, zh=zh)


def _one_line(text: str) -> str:
    """A header cell may hold line breaks, as spreadsheets wrap them."""
    return " ".join(text.split())


class UnreadableFile(HuiliuError):  # noqa: N818  it is what the file is, not what we did wrong
    """A file that cannot be taken in at all; `problem` says why and what to do."""

    kind = "unreadable file"

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.placed, _one_line(problem.todo))
        self.problem = problem


def own_or_unreadable(error: Exception, file: str, form: str, row: int | None = None) -> Exception:
    """What to raise for an error that no reader expects: the file's refusal, or `error` where the machine is at fault.

    The error's own words may quote a row and are not passed on.
    """
    is_machines = isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno is not None)
    if isinstance(error, UnreadableFile) or is_machines:
        return error
    what = f"the reader of {form} gave up ({type(error).__name__}), so the file is damaged or of an unknown kind"
    todo = f"export the file again, or as CSV in UTF-8, and try `huiliu check {file}`"
    zh = (
        f"{form} 读取中断（{type(error).__name__}），文件已损坏或格式不明",
        f"请重新导出，或导出为 UTF-8 的 CSV，再用 `huiliu check {file}` 检查",
    )
    return UnreadableFile(Problem(file, what, todo, row, zh=zh))


class Delivery(ABC):
    """One delivered file, opened: its header is known and fits the contract, its rows are not read yet."""

    format: str
    encoding: str | None = None
    delimiter: str | None = None

    def __init__(self, path: Path, contract: Contract, header: list[str]) -> None:
        self.path = path
        self.contract = contract
        self.header = header
        self.schema = schema_of(contract)
        self.failure: UnreadableFile | None = None
        self._standing: list[Problem] = []
        self._counted: dict[str, _Counted] = {}

    @property
    def problems(self) -> list[Problem]:
        """What did not stop the reading, in the order of its first row; complete once the batches are consumed."""
        counted = sorted(self._counted.items(), key=lambda item: (item[1].row, item[0]))
        return [*self._standing, *(fault.problem(self.path.name) for _, fault in counted)]

    def batches(self) -> pa.RecordBatchReader:
        """The rows of `schema`, streaming. Raises UnreadableFile when the file turns out to be broken later on.

        A consumer on the other side of Arrow's C interface turns that into an error of its own: `failure` keeps it.
        """
        return pa.RecordBatchReader.from_batches(self.schema, self._guarded())

    @abstractmethod
    def _rows(self) -> Iterator[pa.RecordBatch]:
        """The rows of `schema`; problems on the way are noted with `note` and `count`."""

    def note(self, what: str, todo: str, zh: tuple[str, str], column: str | None = None) -> None:
        """Add a problem that stands once."""
        self._standing.append(Problem(self.path.name, what, todo, column=column, zh=zh))

    def count(self, kind: str, row: int, rows: int, what: str, todo: str, zh: tuple[str, str]) -> None:
        """Count `rows` more rows under one problem; it shows the first `row`, the sum and what was said last."""
        counted = self._counted.setdefault(kind, _Counted(row, 0, what, todo, zh))
        counted.rows += rows
        counted.row = min(row, counted.row)
        counted.what, counted.zh = what, zh

    def forget_counted(self) -> None:
        """Begin to count again: the rows are read from the start."""
        self._counted.clear()

    def _guarded(self) -> Iterator[pa.RecordBatch]:
        self.forget_counted()
        row = None
        try:
            for batch in self._rows():
                self._check(batch)
                row = int(pc.max(batch.column(0)).as_py() or 0) + 1 if batch.num_rows else row
                yield batch
        except Exception as error:
            raised = own_or_unreadable(error, self.path.name, self.format, row)
            if isinstance(raised, UnreadableFile):
                self.failure = raised
            raise raised from None

    def _check(self, batch: pa.RecordBatch) -> None:
        """No batch leaves a reader that could not be read again: raw would be stuck on it for good."""
        if not batch.schema.equals(self.schema):
            raise TypeError("a batch of another schema")
        batch.validate(full=True)  # UTF-8 too


@dataclass
class _Counted:
    row: int
    rows: int
    what: str
    todo: str
    zh: tuple[str, str]

    def problem(self, file: str) -> Problem:
        number = "1 row" if self.rows == 1 else f"{self.rows} rows, the first one here"
        chinese = "1 行" if self.rows == 1 else f"{self.rows} 行，此为第一行"
        zh = (f"{self.zh[0]}（{chinese}）", self.zh[1])
        return Problem(file, f"{self.what} ({number})", self.todo, self.row, zh=zh)


def schema_of(contract: Contract) -> pa.Schema:
    """`_row` int64, then text: the contract's cells, `_extra` (JSON), `_damage` (code), `_undecodable` (hex)."""
    names = [*contract.cells.values(), EXTRA, DAMAGE, UNDECODABLE]
    return pa.schema([pa.field(ROW, pa.int64()), *(pa.field(name, pa.string()) for name in names)])
