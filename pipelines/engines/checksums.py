"""Check sums that only a fold can compute: functions of the engines' own, told to each connection or session."""

from __future__ import annotations

from pipelines.elements.iso7064 import ALPHABET, MOD_37_36

# What `pipelines.elements.iso7064.mod_37_36` promises. The state goes from 36 through double (modulo 37) of its sum
# with each character's place (modulo 36, from 1).
IN_DUCKDB = f"""
    CREATE OR REPLACE MACRO {MOD_37_36}(characters) AS list_reduce(
        list_transform(string_split(characters, ''), lambda one: strpos('{ALPHABET}', one) - 1),
        lambda state, place: 2 * ((state + place + 35) % 36 + 1) % 37,
        36
    )
"""
ON_SPARK = f"""
    CREATE OR REPLACE TEMPORARY FUNCTION {MOD_37_36}(characters STRING) RETURNS INT RETURN aggregate(
        transform(split(characters, ''), one -> locate(one, '{ALPHABET}') - 1),
        36,
        (state, place) -> 2 * ((state + place + 35) % 36 + 1) % 37
    )
"""
