"""Opening a delivered file: its format by its first bytes, then by its suffix."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.declarations.contract import Contract
from pipelines.readers.delivery import Delivery, Problem, UnreadableFile, own_or_unreadable

if TYPE_CHECKING:
    from pipelines.readers.csv import CsvDelivery
    from pipelines.readers.jsonl import JsonLinesDelivery
    from pipelines.readers.parquet import ParquetDelivery
    from pipelines.readers.xlsx import XlsxDelivery

_PEEK = 64 * 1024
_OLE2 = bytes.fromhex("d0cf11e0a1b11ae1")
_ARRAY = re.compile(rb"\[\s*\{")
_BLANK = b" \t\r\n\x0b\x0c"


def open_delivery(path: Path, contract: Contract) -> Delivery:
    """Open a file and match its header with the contract.

    Raises UnreadableFile where the file cannot be taken in at all: empty, not of a known format or encoding, or
    without a required column. Nothing but the header (and, for text, the encoding) is read yet.
    """
    with path.open("rb") as content:
        start = content.read(_PEEK)
    reader = _format(path, start)
    try:
        return reader(path, contract)
    except Exception as error:
        raise own_or_unreadable(error, path.name, reader.format) from None


def _format(path: Path, start: bytes) -> type[CsvDelivery | JsonLinesDelivery | ParquetDelivery | XlsxDelivery]:
    # Only here: who matches headers and reads no file needs no engine.
    from pipelines.readers.csv import CsvDelivery
    from pipelines.readers.jsonl import JsonLinesDelivery
    from pipelines.readers.parquet import ParquetDelivery
    from pipelines.readers.xlsx import XlsxDelivery

    suffix = path.suffix.lower()
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        start = start.decode("utf-16", "replace").encode()
    text = start.removeprefix(codecs.BOM_UTF8).lstrip(_BLANK)
    if not text:
        raise UnreadableFile(
            Problem(
                path.name,
                "the file is empty",
                "export it again; a delivery has a header line at least",
                zh=("文件是空的", "请重新导出；至少要有一行表头"),
            )
        )
    if start.startswith(b"PAR1") or suffix == ".parquet":
        return ParquetDelivery
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")) or suffix in {".xlsx", ".xlsm"}:
        return XlsxDelivery
    if start.startswith(_OLE2) or suffix == ".xls":
        return XlsxDelivery
    if text.startswith(b"{") or _ARRAY.match(text) or suffix in {".jsonl", ".ndjson", ".json"}:
        return JsonLinesDelivery
    return CsvDelivery
