"""Which encoding a text file is in."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from pathlib import Path

from pipelines.readers import mixing
from pipelines.readers.delivery import Problem, UnreadableFile
from pipelines.readers.encoding import CHUNK, Utf8Chunks, is_utf8

_BINARY_PEEK = 64 * 1024


def open_text(path: Path, recognise: Callable[[bytes], int] | None = None) -> tuple[str, Utf8Chunks]:
    """The encoding (`utf-8`, `utf-8-sig`, `utf-16`, `gb18030`) and the file as UTF-8.

    Byte order mark first, then UTF-8 if the whole file is. Otherwise the header decides: `recognise` says how many
    headers it knows in a line given as UTF-8. Where it tells nothing, the majority of the first lines decides.
    Raises UnreadableFile for a file that is no text.
    """
    with path.open("rb") as content:
        start = content.read(CHUNK)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", Utf8Chunks(path, "utf-16", clean=False)
    if b"\0" in start[:_BINARY_PEEK]:
        raise UnreadableFile(
            Problem(
                path.name,
                "the file holds NUL bytes, so it is no text in UTF-8 or GB18030 (binary, or UTF-16 without its mark)",
                "save it as CSV in UTF-8 or GB18030, or deliver the XLSX or Parquet file under its own suffix",
                zh=(
                    "文件含 NUL 字节，不是 UTF-8 或 GB18030 的文本（是二进制文件，或没有标记的 UTF-16）",
                    "请另存为 UTF-8 或 GB18030 的 CSV；XLSX 或 Parquet 文件请用原来的后缀报送",
                ),
            )
        )
    clean = is_utf8(path)
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig", Utf8Chunks(path, "utf-8-sig", clean)
    encoding = _by_header(start, recognise) or ("utf-8" if clean or mixing.mostly_utf8(start) else "gb18030")
    return encoding, Utf8Chunks(path, encoding, clean)


def _by_header(start: bytes, recognise: Callable[[bytes], int] | None) -> str | None:
    header = next((line for line in start.splitlines() if line.strip()), b"")
    if recognise is None or header.isascii():
        return None
    known = {encoding: recognise(_as_utf8(header, encoding)) for encoding in ("utf-8", "gb18030")}
    if known["utf-8"] == known["gb18030"]:
        return None
    return max(known, key=lambda encoding: known[encoding])


def _as_utf8(line: bytes, encoding: str) -> bytes:
    return line.decode(encoding, "replace").encode("utf-8", "replace")
