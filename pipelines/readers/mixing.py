"""Finding lines of UTF-8 in a file of GB18030: they decode without an error, but to rubbish."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.readers.cells import Column

LONGEST = 4 * 1024 * 1024

# What RFC 3629 allows: no overlong forms, no surrogates, nothing above U+10FFFF.
_BEYOND_ASCII = (
    r"(?:[\xc2-\xdf][\x80-\xbf]"
    r"|\xe0[\xa0-\xbf][\x80-\xbf]|\xed[\x80-\x9f][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}"
    r"|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})"
)
_UTF8_LINE = rf"^[\x00-\x7f]*(?:{_BEYOND_ASCII}[\x00-\x7f]*)+$"
UTF8_CELL = rf"^(?:[\x00-\x7f]|{_BEYOND_ASCII})*$"


def whole_lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes, each chunk ending with a line; a line over 4 MB comes in pieces."""
    rest = b""
    for chunk in chunks:
        whole = rest + chunk
        end = max(whole.rfind(b"\n"), whole.rfind(b"\r")) + 1
        if not end and len(whole) < LONGEST:
            rest = whole
            continue
        end = end or len(whole)
        rest = whole[end:]
        yield whole[:end]
    if rest:
        yield rest


def line_starts(chunk: bytes) -> np.ndarray:
    """Offsets (int32) at which lines begin, and the chunk's end; `\\r\\n` makes an empty line between."""
    content = np.frombuffer(chunk, np.uint8)
    ends = np.flatnonzero((content == 10) | (content == 13)) + 1
    return np.unique(np.concatenate([[0], ends, [len(chunk)]])).astype(np.int32)


def lines_of(chunk: bytes, starts: np.ndarray) -> Column:
    """The lines as binary values over the chunk's own memory, with their line ends."""
    return pa.BinaryArray.from_buffers(
        pa.binary(), len(starts) - 1, [None, pa.py_buffer(starts.tobytes()), pa.py_buffer(chunk)]
    )


def utf8_lines(chunk: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of each line that is UTF-8 and not ASCII, and that reads better so than as GB18030."""
    starts = line_starts(chunk)
    candidates = pc.match_substring_regex(lines_of(chunk, starts), _UTF8_LINE)
    for place in np.flatnonzero(candidates.to_numpy(zero_copy_only=False)):
        start, end = int(starts[place]), int(starts[place + 1])
        line = chunk[start:end]
        if _common(line.decode("utf-8")) > _common(line.decode("gb18030", "replace")):
            yield start, end


def _common(text: str) -> float:
    """The share of a text's non-ASCII characters that are in GB 2312 level 1, the 3,755 characters in daily use."""
    foreign = [character for character in text if character > "\x7f"]
    level_1 = sum(b"\xb0" <= character.encode("gb2312", "ignore")[:1] <= b"\xd7" for character in foreign)
    return level_1 / len(foreign)


def mostly_utf8(chunk: bytes) -> bool:
    """Whether at least half of the lines that are not ASCII are UTF-8; the last line may be cut and does not count."""
    whole = chunk[: chunk.rfind(b"\n") + 1] or chunk
    lines = lines_of(whole, line_starts(whole))
    utf8 = pc.sum(pc.match_substring_regex(lines, _UTF8_LINE)).as_py() or 0
    foreign = pc.sum(pc.match_substring_regex(lines, r"[\x80-\xff]")).as_py() or 0
    return bool(2 * utf8 >= foreign)
