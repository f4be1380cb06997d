"""The pure and hybrid check systems of ISO/IEC 7064 whose state goes from character to character."""

from __future__ import annotations

import ibis

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MOD_37_36 = "iso7064_mod_37_36"


@ibis.udf.scalar.builtin(name=MOD_37_36)
def mod_37_36(characters: str) -> int:
    """The state, 1 to 36, that characters of the alphabet leave in MOD 37,36; NULL for NULL.

    The check character's place in the alphabet is 1 minus this, modulo 36. Each engine's words for it stand in
    `pipelines/engines/checksums.py`: neither Ibis nor plain SQL can fold a text of any length. Unrolled, the
    recursion is nested as deep as the text is long, which the compiler gives up at 40 characters, and walked through
    tables by two characters at once it took 25 times as long.
    """
    raise NotImplementedError  # computed by the engine
