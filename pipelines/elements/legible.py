"""Names that a wrong conversion has spoilt: what was lost, and what was read in another encoding than its own.

Each kind is told by its bytes, never by how rare its characters are:

- what could not be converted: U+FFFD, `?` and `？`, 锟斤拷 (U+FFFD in UTF-8 read as GBK), 烫烫烫 and 屯屯屯 (memory
  that nothing was written to), C1 controls, escapes that nobody resolved (`\\u5f20`, `&#24352;`, `%E5%BC%A0`);
- UTF-8 read as GBK (寮犱紵 for 张伟): three bytes of a Han character, E4–E9 80–BF 80–BF, fall into pairs, so that
  characters of three kinds follow each other, E4–E9 80–BF, 80–BF E4–E9 and 80–BF 80–BF;
- UTF-8 read as Latin-1 or CP1252 (`å¼ ä¼Ÿ`, `JosÃ©`), and GBK read so (`ÕÅÎ°`).
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable

import ibis.expr.types as ir

_LEADING, _FOLLOWING = range(0xE4, 0xEA), range(0x80, 0xC0)
_CP1252 = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
_LOST = "[\ufffd?？\u0080-\u0084\u0086-\u009f]|锟斤拷|烫烫烫|屯屯屯"
_ESCAPED = r"\\u[0-9A-Fa-f]{4}|&#[xX]?[0-9A-Fa-f]{2,6};|(?:%[0-9A-Fa-f]{2}){3}"
# A continuation byte as Latin-1 or CP1252 shows it; those in the second list stand after letters in good text too.
_CONTINUATION = "\u0080-\u00bf" + _CP1252
_PUNCTUATION = "\u00a0\u00ad·«»°®™‘’“”–—•…"
_ODD = "\u0080-\u009f¡-§¨©ª¬¯±-¶¸-º¼-¿€‚ƒ„†‡ˆ‰Š‹ŒŽ˜š›œžŸ"
# CP1252 has nothing for five bytes, and some converters leave them out: hence the second line.
_UTF8_AS_LATIN = (
    f"[à-ï](?:[{_ODD}][{_CONTINUATION}]|[{_PUNCTUATION}][{_ODD}])"
    f"|[ã-é](?:[{_ODD}][ã-é][{_CONTINUATION}]|[{_PUNCTUATION}][ã-é][{_ODD}])"
    f"|Â[{_CONTINUATION}]|Ã[{_ODD}\u00ad«»°®]|(?:[Ð-Û][{_CONTINUATION}]){{2}}"
)
_HIGH = "\u0081-\u00fe" + _CP1252
_GBK_AS_LATIN = f"[¡-¶¸-ÿ]{{4}}|^[°-÷][¡-þ](?:[{_HIGH}][@-~{_HIGH}])*[{_HIGH}]?$"


def is_legible(value: ir.StringValue, surnames: str) -> ir.BooleanValue:
    """Whether a name holds none of what a wrong conversion leaves. NULL for NULL.

    `surnames`, each of one character, tell apart what both readings of the bytes could be: UTF-8 of a name that begins
    with one of them, read as GBK, and a name whose first character is rare (濮, 璐).
    """
    return ~value.re_search(spoilt(surnames))


@functools.cache
def spoilt(surnames: str) -> str:
    """The regular expression, alike in RE2 and Java, that is found in a spoilt name."""
    return "|".join((_LOST, _ESCAPED, _UTF8_AS_LATIN, _GBK_AS_LATIN, _utf8_as_gbk(surnames)))


def _utf8_as_gbk(surnames: str) -> str:
    first, second, third = (
        _class(_pairs(*pair)) for pair in ((_LEADING, _FOLLOWING), (_FOLLOWING, _LEADING), (_FOLLOWING, _FOLLOWING))
    )
    # Names begin with some characters of GB 2312's second level (姗, 璐, 濮): after them only what no name goes on
    # with, or what a surname's third byte gives. All characters with a byte below A1 are rarer.
    rare, usual = range(0x80, 0xA1), range(0xA1, 0xC0)
    rare_first, usual_first = _class(_pairs(_LEADING, rare)), _class(_pairs(_LEADING, usual))
    starts = [rare_first + second, usual_first + _class(_pairs(rare, _LEADING))]
    starts += [
        _pairs([first], [second]) + _class(_pairs([third], _LEADING))
        for first, second, third in _bytes_of(surnames, usual)
    ]
    # A middle dot is C2 B7 in UTF-8, 路 in GBK. A name of three characters is nine bytes: half a pair is left over, or
    # gone, as are pairs that are none to a strict converter.
    start = f"^(?:{'|'.join(starts)})(?:$|{first}|{second}|{third}(?:$|路?{first}))"
    return f"{start}|^{rare_first}{first}|^{usual_first}{rare_first}|{first}{second}{third}{first}{second}"


def _bytes_of(surnames: str, usual: range) -> list[tuple[int, int, int]]:
    """The surnames in UTF-8 whose second and third bytes are usual ones, unless their first two are a surname too."""
    written = (surname.encode() for surname in dict.fromkeys(surnames))
    found = [
        (spelling[0], spelling[1], spelling[2])
        for spelling in written
        if len(spelling) == 3 and spelling[0] in _LEADING
    ]
    return [
        spelling
        for spelling in found
        if spelling[1] in usual and spelling[2] in usual and _pairs([spelling[0]], [spelling[1]]) not in surnames
    ]


def _pairs(leading: Iterable[int], following: Iterable[int]) -> str:
    """The characters that these pairs of bytes are in GBK; some pairs are none."""
    pairs = (bytes(pair).decode("gb18030", "replace") for pair in itertools.product(leading, following))
    return "".join(pair for pair in pairs if len(pair) == 1 and pair != "\ufffd")


def _class(characters: Iterable[str]) -> str:
    """A character class, with what is next to each other as a range."""
    codes = sorted(set(map(ord, characters)))
    runs = [
        [code for _, code in run] for _, run in itertools.groupby(enumerate(codes), lambda entry: entry[1] - entry[0])
    ]
    ends = ((re.escape(chr(run[0])), re.escape(chr(run[-1]))) for run in runs)
    return f"[{''.join(first if first == last else f'{first}-{last}' for first, last in ends)}]"
