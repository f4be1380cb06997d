"""What an agency sent in a cell: the text without blanks at its ends, or nothing."""

from __future__ import annotations

from collections.abc import Iterator

from expectations.reading.words import Value, Words


def _characters(*ranges: tuple[int, int]) -> str:
    return "".join(chr(code) for first, last in ranges for code in range(first, last + 1))


WHITE_SPACE = " \t\n\v\f\r" + _characters(
    (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F),
    (0x205F, 0x205F), (0x3000, 0x3000),
)  # fmt: skip
# Zero-width characters, marks of the direction of writing, the byte order mark, the soft hyphen.
UNSEEN = _characters((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x2069), (0xFEFF, 0xFEFF), (0xAD, 0xAD))
BLANKS = WHITE_SPACE + UNSEEN
FULL, HALF = _characters((0xFF01, 0xFF5E)), _characters((0x21, 0x7E))


def _words_for_nothing() -> Iterator[str]:
    yield from ("", "无", "-", "--", "—", "/", "N/A", "n/a", "NA", "nan", "NaN", "NAN", "none", "None", "NONE")
    yield from ("\\N", "NaT", "<NA>", "nil", "undefined")
    for word in ("null", "NULL", "Null"):
        yield from (word, f"({word})", f"<{word}>", f"[{word}]")
    for error in ("N/A", "REF!", "VALUE!", "DIV/0!", "NAME?", "NULL!", "NUM!", "SPILL!", "CALC!", "FIELD!"):
        yield f"#{error}"
    yield "#GETTING_DATA"


WORDS_FOR_NOTHING = list(_words_for_nothing())


def sent(words: Words, cell: Value) -> Value:
    """The cell without blanks at its ends; NULL where that is a word for "nothing"."""

    def unless_nothing(text: Value) -> Value:
        return words.case((_says_nothing(words, text), words.nothing("text")), otherwise=text)

    # No word for "nothing" begins with a digit, and nothing is to be trimmed.
    plain = words.matches(cell, "^[0-9](?:[!-~]*[!-~])?\\z")
    return words.case((plain, cell), otherwise=words.named(words.trimmed(cell, BLANKS), unless_nothing))


def _says_nothing(words: Words, text: Value) -> Value:
    # One by one: DuckDB makes a join of a longer list, and computes it for each row.
    longest = max(map(len, WORDS_FOR_NOTHING))
    delimited = words.joined(words.text("\x1f"), text, words.text("\x1f"))
    known = words.text("\x1f" + "\x1f".join(WORDS_FOR_NOTHING) + "\x1f")
    return (words.length(text) <= longest) & words.contains(known, delimited)


def narrow(words: Words, text: Value, dropped: str = "") -> Value:
    """Full-width characters half-width, and those of `dropped` gone."""
    return words.translated(text, FULL + dropped, HALF)
