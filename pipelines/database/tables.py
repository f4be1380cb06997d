"""The tables of `HUILIU_DB`: the lease, tokens, pushed requests, their segments and what became of them."""

from __future__ import annotations

import sqlalchemy as sa

TABLES = sa.MetaData()
_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite numbers rows by itself in an INTEGER alone

LEASES = sa.Table(
    "lease",
    TABLES,
    sa.Column("lake", sa.Text, primary_key=True),
    sa.Column("fence", sa.BigInteger, nullable=False, comment="raised whenever the lease is taken"),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("engine", sa.Text, nullable=False),
    sa.Column("process", sa.Text, nullable=False, comment="the machine's boot and the process's start"),
    sa.Column("since", sa.Double, nullable=False, comment="seconds since 1970, by the database's clock"),
    sa.Column("expires", sa.Double, nullable=False, comment="seconds since 1970, by the database's clock"),
    sa.Column("claim", sa.Text, nullable=False, comment="what the lake's own file _lease must hold"),
)

TOKENS = sa.Table(
    "token",
    TABLES,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("agency", sa.Text, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False, comment="HMAC-SHA256 of the token under HUILIU_TOKEN_KEY"),
    sa.Column("issued_at", sa.Double, nullable=False, comment="seconds since 1970, by the database's clock"),
    sa.Column("expires_at", sa.Double, nullable=False),
    sa.Column("revoked_at", sa.Double),
)

SEGMENTS = sa.Table(
    "push_segment",
    TABLES,
    sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("agency", sa.Text, nullable=False),
    sa.Column("file", sa.Text, nullable=False, comment="its name in landing/<source>"),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("sealed_at", sa.Double, nullable=False, comment="from then on no request is added"),
    sa.Column("sha256", sa.Text, comment="of the file, once it lies in the landing folder"),
    sa.Column("delivered_at", sa.Double),
    sa.Column("ingested_at", sa.Double, comment="when the lake was seen to keep the file, or the file to be gone"),
    sa.Index("push_segment_ingested", "ingested_at"),
    # A number is never given twice, also when the last segment has been pruned.
    sqlite_autoincrement=True,
)

REQUESTS = sa.Table(
    "push_request",
    TABLES,
    sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("agency", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False, comment="the header Idempotency-Key"),
    sa.Column("sha256", sa.Text, nullable=False, comment="of the body as sent"),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("receipt", sa.Text, nullable=False),
    sa.Column("received_at", sa.Double, nullable=False, comment="seconds since 1970, by the database's clock"),
    sa.Column("segment", _NUMBER, comment="NULL while the request waits"),
    sa.Column("payload", sa.LargeBinary, comment="JSON lines; NULL once they lie in the landing folder"),
    sa.UniqueConstraint("source", "agency", "key"),
    # Holds all that the count of waiting rows and the sealing read, so that neither passes over payloads.
    sa.Index("push_request_segment", "segment", "source", "agency", "id", "rows"),
    sqlite_autoincrement=True,
)

OUTCOMES = sa.Table(
    "push_outcome",
    TABLES,
    sa.Column("receipt", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False, comment="held, rejected or taken"),
    sa.Column("accepted", sa.BigInteger, nullable=False),
    sa.Column("quarantined", sa.BigInteger, nullable=False),
    sa.Column("rules", sa.Text, nullable=False, comment="JSON: per quarantined row of the request the rules it breaks"),
    sa.Column("noted_at", sa.Double, nullable=False, comment="seconds since 1970, by the database's clock"),
)
