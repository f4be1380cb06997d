"""The XML of a part as a stream of events, bounded in memory whatever stands in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pyexpat import ExpatError, ParserCreate

from pipelines.readers.xlsx.package import Part

LONGEST = 4 * 1024 * 1024
_LONGEST_TAG = 4 * 1024 * 1024
DEEPEST = 100
NESTED = "its elements stand in each other without end"
LONG = "a tag or text in it is longer than 4 MB"

Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]


def _ignored(_: str) -> None:
    """An end that nobody waits for."""


def read(part: Part, start: Start, end: End = _ignored, pieces: list[str] | None = None) -> Iterator[None]:
    """Parse a part; `start` gets each element's name and attributes, `end` its name, `pieces` the text between.

    Yields after each chunk, so that what came may be handed on. Names come without the prefix that the root has.
    The handlers must bound how deep elements stand in each other, as those of `read_whole` do.
    Raises UnreadableFile for what is no XML, declares a document type, or holds a tag or text of more than 4 MB.
    """
    parser = ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = 64 * 1024

    def refuse(*_: object) -> None:
        raise part.damaged("it declares a document type, which no workbook does")

    def root(name: str, attributes: dict[str, str]) -> None:
        prefix, colon, plain = name.rpartition(":")
        parser.StartElementHandler = _without_prefix(prefix + colon, start) if colon else start
        parser.EndElementHandler = _without_prefix_at_end(prefix + colon, end) if colon else end
        start(plain, attributes)

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = root
    if pieces is not None:
        parser.CharacterDataHandler = pieces.append
    fed = 0
    try:
        for chunk in part.chunks():
            parser.Parse(chunk, False)
            fed += len(chunk)
            if fed - parser.CurrentByteIndex > _LONGEST_TAG or (pieces and sum(map(len, pieces)) > LONGEST):
                raise part.damaged(LONG)
            yield
        parser.Parse(b"", True)
    except ExpatError as error:
        raise part.damaged("it is no well-formed XML") from error
    except (ValueError, LookupError) as error:
        raise part.damaged("it holds what no workbook does") from error
    yield


def read_whole(part: Part, start: Start, end: End = _ignored, pieces: list[str] | None = None) -> None:
    """As `read`, for a part of which nothing is handed on before its end; the depth of its elements is bounded."""
    depth = 0

    def deeper(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise part.damaged(NESTED)
        start(name, attributes)

    def back(name: str) -> None:
        nonlocal depth
        depth -= 1
        end(name)

    for _ in read(part, deeper, back, pieces):
        pass


def _without_prefix(prefix: str, start: Start) -> Start:
    def stripped(name: str, attributes: dict[str, str]) -> None:
        start(name.removeprefix(prefix), attributes)

    return stripped


def _without_prefix_at_end(prefix: str, end: End) -> End:
    def stripped(name: str) -> None:
        end(name.removeprefix(prefix))

    return stripped
