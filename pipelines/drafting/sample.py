"""Reading a file that no contract describes yet: its header, and the first of its rows as text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.declarations.contract import Column, Contract
from pipelines.readers import Problem, UnreadableFile, open_delivery
from pipelines.readers.csv import DELIMITERS
from pipelines.readers.delivery import DAMAGE
from pipelines.readers.header import recognised, same
from pipelines.readers.text import open_text

ROWS = 10_000
_HEADER_BYTES = 256 * 1024
_NO_HEADER = "\x00"


@dataclass(frozen=True)
class Sample:
    """The first undamaged rows of a file. `cells` has a text column `c1`, `c2` … per header, in their order."""

    path: Path
    format: str
    header: tuple[str, ...]
    cells: pa.Table


def read_sample(path: Path, known: Iterable[Contract], rows: int = ROWS) -> Sample:
    """Read up to `rows` rows; raises UnreadableFile, also where the first row seems to be data and no header."""
    header = tuple(name for name in header_of(path, known) if same(name))
    _refuse_data(path, header)
    delivery = open_delivery(path, _provisional(header))
    names = [f"c{place}" for place in range(1, len(header) + 1)]
    taken: list[pa.RecordBatch] = []
    for batch in delivery.batches():
        whole = batch.filter(pc.is_null(batch[DAMAGE])).select(names)
        taken.append(whole.slice(0, rows))
        rows -= whole.num_rows
        if rows <= 0:
            break
    schema = pa.schema([(name, pa.string()) for name in names])
    return Sample(path, delivery.format, header, pa.Table.from_batches(taken, schema))


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
        return open_delivery(path, _provisional(header)).header


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
