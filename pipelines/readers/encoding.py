"""Text files in any encoding → a stream of UTF-8 in which undecodable bytes are marked and can be told apart again."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

import pyarrow.compute as pc

from pipelines.readers import mixing
from pipelines.readers.cells import Column

CHUNK = 4 * 1024 * 1024
# A byte b that cannot be decoded travels as the character U+10FE00 + b of a private plane that no agency uses.
_MARK = 0x10FE00
MARKS = "[\\x{10FE80}-\\x{10FEFF}]"
# The euro sign of code page 936, which Windows takes for GB18030: one byte, 0x80, that GB18030 has not.
EURO_MARK = chr(_MARK + 0x80)
BAD_MARKS = "[\\x{10FE81}-\\x{10FEFF}]"
# Characters that editions of GB18030 before 2022 (and Python's codec, of 2000) have in the private plane.
MOVED = str.maketrans(
    "\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793\ue794\ue795\ue796\ue7c7\ue816\ue817"
    "\ue818\ue81e\ue826\ue82b\ue82c\ue831\ue832\ue83b\ue843\ue854\ue855\ue864",
    "\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19\u1e3f\U00020087\U00020089"
    "\U000200cc\u9fb4\u9fb5\u9fb6\u9fb7\U000215d7\u9fb8\U0002298f\u9fb9\u9fba\U000241fe\u9fbb",
)
MOVED_BEGIN = (b"\xee\x9e", b"\xee\x9f", b"\xee\xa0", b"\xee\xa1")
_ERRORS = "huiliu-mark"


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    # ASCII inside a broken sequence is kept: it may be the delimiter.
    return marked(error.object[error.start : error.end]), error.end


codecs.register_error(_ERRORS, _mark)


def marked(sequence: bytes) -> str:
    """Bytes as text: ASCII as it is, every other byte as its mark."""
    return "".join(chr(byte) if byte < 0x80 else chr(_MARK + byte) for byte in sequence)


def original(text: str, encoding: str) -> bytes:
    """The bytes of a text that was decoded from `encoding` with marks."""
    encoding = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(encoding, encoding)
    pieces = []
    for character in text:
        byte = ord(character) - _MARK
        pieces.append(bytes([byte]) if 0x80 <= byte <= 0xFF else character.encode(encoding, "replace"))
    return b"".join(pieces)


def has_marks(text: str) -> bool:
    """Whether a text holds a marked byte."""
    return any(0x80 <= ord(character) - _MARK <= 0xFF for character in text)


def is_marked(column: Column, encoding: str | None = None) -> Column:
    """Which texts hold a marked byte that means nothing in the encoding."""
    return pc.match_substring_regex(column, BAD_MARKS if encoding == "gb18030" else MARKS)


def unmarked(column: Column) -> Column:
    """Texts with U+FFFD for every marked byte."""
    return pc.replace_substring_regex(column, MARKS, "\ufffd")


def with_euro(column: Column, damaged: Column) -> Column:
    """Texts of a GB18030 file with the euro sign for the byte 0x80; rows that are `damaged` keep their marks."""
    return pc.if_else(damaged, column, pc.replace_substring(column, EURO_MARK, "€"))


def shown(cells: list[str], name: str) -> list[str]:
    """A header's cells as its rows' cells are given."""
    if name == "gb18030":
        cells = [cell.replace(EURO_MARK, "€").translate(MOVED) for cell in cells]
    return [
        "".join("\ufffd" if has_marks(character) else character for character in cell) if has_marks(cell) else cell
        for cell in cells
    ]


def as_of_2022(column: Column) -> Column:
    """Texts of a GB18030 file with the code points of GB 18030-2022 for those of the private plane."""
    if not pc.any(pc.match_substring_regex(column, f"[{''.join(map(chr, MOVED))}]")).as_py():
        return column
    for before, now in MOVED.items():
        column = pc.replace_substring(column, chr(before), chr(now))
    return column


class Utf8Chunks:
    """Chunks of a text file as UTF-8 without BOM.

    `bad` becomes true once a byte was marked, `moved` once a character of `MOVED` may have been read from GB18030;
    `mixed` counts lines of a GB18030 file that are written in UTF-8.
    """

    def __init__(self, path: Path, encoding: str, clean: bool) -> None:
        self._path, self._encoding, self._clean = path, encoding, clean
        self.restart()

    def restart(self, characters: bool = False) -> None:
        """Forget what was found; with `characters`, no chunk cuts a character."""
        self._clean = self._clean and not characters
        self.bad = self.moved = False
        self.mixed = 0

    def __iter__(self) -> Iterator[bytes]:
        with self._path.open("rb") as content:
            chunks = iter(lambda: content.read(CHUNK), b"")
            if self._encoding in {"utf-8", "utf-8-sig"} and self._clean:
                yield from _without_bom(chunks)
            elif self._encoding == "gb18030":
                yield from self._decoded(mixing.whole_lines(chunks))
            else:
                yield from self._decoded(chunks)

    def _decoded(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder(self._encoding)(_ERRORS)
        for chunk in chunks:
            pieces = self._unmixed(decoder, chunk) if self._encoding == "gb18030" else [decoder.decode(chunk)]
            yield self._encoded("".join(pieces))
        yield self._encoded(decoder.decode(b"", final=True))

    def _unmixed(self, decoder: codecs.IncrementalDecoder, chunk: bytes) -> Iterator[str]:
        """UTF-8 lines of a GB18030 file decode without an error, to rubbish: they are marked byte by byte."""
        done = 0
        for start, end in mixing.utf8_lines(chunk):
            yield decoder.decode(chunk[done:start])
            yield marked(chunk[start:end])
            self.mixed += 1
            done = end
        yield decoder.decode(chunk[done:])

    def _encoded(self, text: str) -> bytes:
        # U+10FE80–U+10FEFF are the only characters of these two leading triples.
        utf8 = text.encode("utf-8", "replace")
        self.bad = self.bad or b"\xf4\x8f\xba" in utf8 or b"\xf4\x8f\xbb" in utf8
        # All of MOVED begin so, and few others.
        self.moved = self.moved or (self._encoding == "gb18030" and any(begin in utf8 for begin in MOVED_BEGIN))
        return utf8


def _without_bom(chunks: Iterator[bytes]) -> Iterator[bytes]:
    first = next(chunks, b"")
    yield first.removeprefix(codecs.BOM_UTF8)
    yield from chunks


def is_utf8(path: Path) -> bool:
    """Whether the whole file is UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as content:
        try:
            while chunk := content.read(CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True
