"""Reading a file that no contract describes yet: its header, and the first of its rows as text."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.declarations.contract import Column, Contract
from pipelines.drafting import titles
from pipelines.readers import Problem, UnreadableFile, open_delivery
from pipelines.readers.csv import DELIMITERS
from pipelines.readers.delivery import DAMAGE
from pipelines.readers.header import is_title, recognised, same
from pipelines.readers.text import open_text

ROWS = 10_000
_HEADER_BYTES = 256 * 1024
_NO_HEADER = "\x00"


@dataclass(frozen=True)
class Sample:
    """The first undamaged rows of a file. `cells` has a text column `c1`, `c2` … per header, in their order.

    `titles` are the numbers of rows above the header that name no columns.
    """

    path: Path
    format: str
    header: tuple[str, ...]
    cells: pa.Table
    titles: tuple[int, ...] = ()


def read_sample(path: Path, known: Iterable[Contract], rows: int = ROWS) -> Sample:
    """Read up to `rows` rows; raises UnreadableFile, also where the first row seems to be data and no header."""
    with ExitStack() as copies:
        below, found, above = _below_titles(path, list(known), copies)
        header = tuple(name for name in found if same(name))
        _refuse_data(path, header)
        return _read(path, below, header, above, rows)


def _below_titles(path: Path, known: list[Contract], copies: ExitStack) -> tuple[Path, list[str], tuple[int, ...]]:
    """The file, or a copy of it without rows above its header; the header; and the numbers of those rows."""
    first = header_of(path, known)
    below, header = path, first
    above: tuple[int, ...] = ()
    while is_title(header) and len(above) < titles.MOST and _format_of(path) in ("csv", "xlsx"):
        try:
            below, number = copies.enter_context(titles.without_first_row(below))
            header, above = header_of(below, known), (*above, number)
        except UnreadableFile:
            break
        if len(above) > 1 and not zipfile.is_zipfile(path):
            above = (*above[:-1], above[-2] + number)
        if len(set(header)) > 1 and not is_title(header):
            return below, header, above
    return path, first, ()


def _format_of(path: Path) -> str:
    try:
        return open_delivery(path, _provisional([_NO_HEADER])).format
    except UnreadableFile:
        return "csv"


def _read(path: Path, below: Path, header: tuple[str, ...], above: tuple[int, ...], rows: int) -> Sample:
    delivery = open_delivery(below, _provisional(header))
    names = [f"c{place}" for place in range(1, len(header) + 1)]
    taken: list[pa.RecordBatch] = []
    for batch in delivery.batches():
        whole = batch.filter(pc.is_null(batch[DAMAGE])).select(names)
        taken.append(whole.slice(0, rows))
        rows -= whole.num_rows
        if rows <= 0:
            break
    schema = pa.schema([(name, pa.string()) for name in names])
    return Sample(path, delivery.format, header, pa.Table.from_batches(taken, schema), above)


def header_of(path: Path, known: Iterable[Contract] = ()) -> list[str]:
    """The headers of a file of any format, whatever they are; raises UnreadableFile.

    A text file's delimiter is the one that brings out most headers of `known` contracts, then most cells.
    """
    try:
        return open_delivery(path, _provisional([_NO_HEADER])).header
    except UnreadableFile:
        # A CSV file without a single declared header: its delimiter cannot be told by the contract.
        header = _text_header(path, list(known))
        if not header:
            raise
        named = list({same(name): name for name in header if same(name)}.values())
        return open_delivery(path, _provisional(named)).header


def _text_header(path: Path, known: Sequence[Contract]) -> list[str]:
    try:
        _, text = open_text(path)
        start = next(iter(text), b"")[:_HEADER_BYTES]
    except UnreadableFile:
        return []
    lines = io.StringIO(start.lstrip().decode("utf-8", "replace"), newline="").read()

    def weight(cells: list[str]) -> tuple[int, int]:
        return max((recognised(cells, contract) for contract in known), default=0), len(cells)

    return max((_first_record(lines, delimiter) for delimiter in DELIMITERS), key=weight)


def _first_record(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error:
        return []


def _provisional(header: Sequence[str]) -> Contract:
    """What a reader needs of a contract, so that it takes every column as text; as a declaration it would not do."""
    columns = tuple(
        Column(header=name, name=f"c{place}", element="text", title=name) for place, name in enumerate(header, start=1)
    )
    needed: dict[str, Any] = {"name": "sample", "key": (), "columns": columns, "deletes": None, "aliases": {}}
    return Contract.model_construct(**needed)


def _refuse_data(path: Path, header: Sequence[str]) -> None:
    """Agencies' headers hold a digit now and then, never a long number: such a first row is a person's data."""
    if not header:
        raise UnreadableFile(Problem(path.name, "no column has a header", "add a first row with headers", row=1))
    digits = [sum(character.isdigit() for character in name) for name in header]
    if max(digits) >= 6:
        raise UnreadableFile(
            Problem(
                path.name,
                "the first row seems to hold values, not headers",
                "add a first row that names the columns, and draft again",
                row=1,
            )
        )
