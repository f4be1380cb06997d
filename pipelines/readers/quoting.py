"""Cutting a stream of CSV bytes into whole records, and noticing every quote that is not as RFC 4180 has it.

Arrow's parser is fast but silent: it joins text after a closing quote to the cell, lets an open quote swallow what
follows, and takes an empty line for a row of empty cells. What reaches it from here has none of these: such places
are rewritten so that they can be recognised after parsing, and where no reading is safe the stream ends with `failure`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import numpy as np

LONGEST = 4 * 1024 * 1024
# Private-use characters that no agency uses: a cell with text after its closing quote, and a blank line.
QUOTE_MARK = "\U0010fdff"
BLANK_MARK = "\U0010fdfe"
_WINDOW = 256 * 1024
_BLANK_LINE = re.compile(rb"\n\n|\r\r|\n\r")

Failure = Literal["quote", "long", "nul"]


class Records:
    """A file-like object of UTF-8 records for Arrow.

    After the end, `failure` says why the stream stopped early: in the record after the last one delivered a quote
    stays open, a record is longer than 4 MB, or there is a NUL byte. `quotes` counts cells with a `QUOTE_MARK`.
    """

    closed = False

    def __init__(self, chunks: Iterator[bytes], delimiter: bytes) -> None:
        self._chunks = chunks
        self._lexer = Lexer(delimiter)
        self._clean = self._records()
        self._ready = memoryview(b"")
        self.failure: Failure | None = None

    @property
    def quotes(self) -> int:
        return self._lexer.quotes

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; none at the end."""
        while not self._ready:
            piece = next(self._clean, None)
            if piece is None:
                return b""
            self._ready = memoryview(piece)
        taken, self._ready = self._ready[:size], self._ready[size:]
        return bytes(taken)

    def close(self) -> None:
        self.closed = True

    def _records(self) -> Iterator[bytes]:
        rest = b""
        for chunk in self._chunks:
            whole = rest + chunk
            if (nul := whole.find(b"\0")) >= 0:
                yield self._lexer.records(whole[:nul], final=False)[0]
                self.failure = "nul"
                return
            done, rest = self._lexer.records(whole, final=False)
            yield done
            if self._lexer.broken or len(rest) > LONGEST:
                self.failure = "quote" if self._lexer.broken or self._lexer.opens_quote(rest) else "long"
                return
        done, rest = self._lexer.records(rest, final=True)
        yield done
        if rest:
            self.failure = "quote"


class Lexer:
    """Cells and records of CSV bytes with one delimiter; `\\n`, `\\r\\n` and `\\r` end a record."""

    def __init__(self, delimiter: bytes) -> None:
        self._delimiter = delimiter
        mark = re.escape(delimiter)
        self._cell = re.compile(
            rb'(?:"(?P<quoted>[^"]*+(?:""[^"]*+)*+)"(?P<after>[^%b\r\n]*+)|(?P<plain>(?!")[^%b\r\n]*+))'
            rb"(?P<end>%b|\r\n|\n|\r|\Z)" % (mark, mark, mark)
        )
        self._around = np.zeros(256, bool)
        self._around[list(b'\r\n"' + delimiter[:1])] = True
        self.quotes = 0
        self.broken = False

    def records(self, content: bytes, final: bool) -> tuple[bytes, bytes]:
        """The whole records at the beginning of `content`, rewritten where need be, and the rest.

        `final` says that nothing follows. A rest is then a record whose quote never closes.
        """
        end = self._regular(content, final)
        if end is not None:
            return content[:end], content[end:]
        done, rest = [], b""
        for start in range(0, len(content), _WINDOW):
            window = rest + content[start : start + _WINDOW]
            last = start + _WINDOW >= len(content)
            piece, rest = self._window(window, final and last)
            done.append(piece)
            if self.broken:
                rest += content[start + _WINDOW :]
                break
        return b"".join(done), rest

    def cells(self, record: bytes) -> list[str]:
        """The cells of one whole record; text after a closing quote is kept with its quotes as it stands."""
        found: list[str] = []
        at = 0
        while (cell := self._cell.match(record, at)) is not None:
            found.append(_text(cell))
            at = cell.end()
            if cell["end"] != self._delimiter:
                break
        return found

    def first_record(self, content: bytes) -> bytes | None:
        """The first record with its line end; None if a quote stays open."""
        at = 0
        while (cell := self._cell.match(content, at)) is not None:
            at = cell.end()
            if cell["end"] != self._delimiter:
                return content[:at]
        return None

    def opens_quote(self, record: bytes) -> bool:
        """Whether an unfinished record ends within quotes."""
        return self.first_record(record) is None

    def _window(self, content: bytes, final: bool) -> tuple[bytes, bytes]:
        end = self._regular(content, final)
        if end is not None:
            return content[:end], content[end:]
        return self._rewritten(content, final)

    def _regular(self, content: bytes, final: bool) -> int | None:
        """Where the last whole record ends, if all quotes are regular and there is no blank line; else None."""
        if content[:1] in (b"\n", b"\r"):
            return None
        if b'"' not in content:
            return None if _has_blank_line(content) else _after_last_newline(content, final)
        text = np.frombuffer(content, np.uint8)
        quotes = np.flatnonzero(text == ord('"'))
        if not self._balanced(content, text, quotes):
            return None
        if final:
            return len(content) if len(quotes) % 2 == 0 else None
        outside = content[quotes[-1] :] if len(quotes) % 2 == 0 else b""
        if end := _after_last_newline(outside, final):
            return int(quotes[-1]) + end
        newlines = np.flatnonzero((text[:-1] == 10) | ((text[:-1] == 13) & (text[1:] != 10)))
        newlines = newlines[np.searchsorted(quotes, newlines) % 2 == 0]
        return int(newlines[-1]) + 1 if len(newlines) else 0

    def _balanced(self, content: bytes, text: np.ndarray, quotes: np.ndarray) -> bool:
        """Whether every other quote opens a cell and the next one closes it, and blank lines are all within quotes.

        A doubled quote counts as one that closes and one that opens at once.
        """
        opening, closing = quotes[0::2], quotes[1::2]
        before = text[opening[opening > 0] - 1]
        after = text[closing[closing < len(text) - 1] + 1]
        if not (self._around[before].all() and self._around[after].all()):
            return False
        if not _has_blank_line(content):
            return True
        blank = np.array([found.start() for found in _BLANK_LINE.finditer(content)], np.int64)
        return bool((np.searchsorted(quotes, blank) % 2 == 1).all())

    def _rewritten(self, content: bytes, final: bool) -> tuple[bytes, bytes]:
        """Record by record: marks blank lines and text after closing quotes; stops where a quote runs over lines."""
        done: list[bytes] = []
        at = 0
        while at < len(content):
            record, end = self._record(content, at, final)
            if record is None:
                break
            done.append(record)
            at = end
        return b"".join(done), content[at:]

    def _record(self, content: bytes, start: int, final: bool) -> tuple[bytes | None, int]:
        pieces: list[bytes] = []
        at, marks = start, 0
        while (cell := self._cell.match(content, at)) is not None:
            end = cell["end"]
            if not final and cell.end() == len(content) and end in (b"", b"\r"):
                return None, start
            if cell["after"]:
                if b"\n" in cell["quoted"] or b"\r" in cell["quoted"]:
                    self.broken = True
                    return None, start
                marks += 1
                raw = content[at : cell.end() - len(end)].replace(b'"', b'""')
                pieces.append(b'"%b%b"%b' % (raw, QUOTE_MARK.encode(), end))
            elif at == start and end != self._delimiter and cell["plain"] == b"":
                pieces.append(BLANK_MARK.encode() + (end or b"\n"))
            else:
                pieces.append(cell.group())
            at = cell.end()
            if end != self._delimiter:
                self.quotes += marks
                return b"".join(pieces), at
        return None, start


def _text(cell: re.Match[bytes]) -> str:
    if cell["quoted"] is None:
        raw = cell["plain"]
    elif cell["after"]:
        raw = cell.group()[: len(cell.group()) - len(cell["end"])]
    else:
        raw = cell["quoted"].replace(b'""', b'"')
    return raw.decode("utf-8")


def _has_blank_line(content: bytes) -> bool:
    """Searched for one by one, as a regular expression takes a hundred times as long."""
    if b"\n\n" in content:
        return True
    return b"\r" in content and (b"\r\r" in content or b"\n\r" in content)


def _after_last_newline(content: bytes, final: bool) -> int:
    """The end of the last whole line; a `\\r` at the very end may be half of a line end."""
    if final:
        return len(content)
    return max(content.rfind(b"\n"), content.rfind(b"\r", 0, max(len(content) - 1, 0))) + 1
