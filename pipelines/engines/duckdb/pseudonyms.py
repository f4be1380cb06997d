"""Pseudonyms in DuckDB, which has SHA-256 but no HMAC: HMAC by its definition (RFC 2104), for whole columns at once."""

from __future__ import annotations

import duckdb

BLOCK = 64  # bytes that SHA-256 takes at once
INNER, OUTER = 0x36, 0x5C


def teach_pseudonyms(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Let a connection know `pseudonym(text)`: HMAC-SHA256 in hexadecimal under `key`, of at most 64 bytes.

    Macro and pads are the connection's own and in no file; a pad gives every pseudonym away, as the key does, and is
    never part of a statement's text, which errors quote.
    """
    padded = key.ljust(BLOCK, b"\0")
    for name, mark in (("inner_pad", INNER), ("outer_pad", OUTER)):
        connection.execute(f"SET VARIABLE {name} = $1", [bytes(byte ^ mark for byte in padded)])
    inner = "sha256(getvariable('inner_pad') || encode(value))"
    outer = f"sha256(getvariable('outer_pad') || unhex({inner}))"
    connection.execute(f"CREATE TEMP MACRO pseudonym(value) AS {outer}")
