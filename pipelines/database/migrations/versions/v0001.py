"""The first version: the tables of before versions were kept; those that are there already are left as they are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
CLOCK = "seconds since 1970, by the database's clock"


def upgrade() -> None:
    """Make what is missing: a lake that nobody pushed to had the lease alone, and outcomes came later than requests."""
    _make_lease()
    _make_tokens()
    _make_segments()
    _make_requests()
    _make_outcomes()


def _make_lease() -> None:
    op.create_table(
        "lease",
        sa.Column("lake", sa.Text, primary_key=True),
        sa.Column("fence", sa.BigInteger, nullable=False, comment="raised whenever the lease is taken"),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("engine", sa.Text, nullable=False),
        sa.Column("process", sa.Text, nullable=False, comment="the machine's boot and the process's start"),
        sa.Column("since", sa.Double, nullable=False, comment=CLOCK),
        sa.Column("expires", sa.Double, nullable=False, comment=CLOCK),
        sa.Column("claim", sa.Text, nullable=False, comment="what the lake's own file _lease must hold"),
        if_not_exists=True,
    )


def _make_tokens() -> None:
    op.create_table(
        "token",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False, comment="HMAC-SHA256 of the token under HUILIU_TOKEN_KEY"),
        sa.Column("issued_at", sa.Double, nullable=False, comment=CLOCK),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("revoked_at", sa.Double),
        if_not_exists=True,
    )


def _make_segments() -> None:
    op.create_table(
        "push_segment",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("file", sa.Text, nullable=False, comment="its name in landing/<source>"),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("sealed_at", sa.Double, nullable=False, comment="from then on no request is added"),
        sa.Column("sha256", sa.Text, comment="of the file, once it lies in the landing folder"),
        sa.Column("delivered_at", sa.Double),
        sa.Column("ingested_at", sa.Double, comment="when the lake was seen to keep the file, or the file to be gone"),
        sqlite_autoincrement=True,
        if_not_exists=True,
    )
    op.create_index("push_segment_ingested", "push_segment", ["ingested_at"], if_not_exists=True)


def _make_requests() -> None:
    op.create_table(
        "push_request",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False, comment="the header Idempotency-Key"),
        sa.Column("sha256", sa.Text, nullable=False, comment="of the body as sent"),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("receipt", sa.Text, nullable=False),
        sa.Column("received_at", sa.Double, nullable=False, comment=CLOCK),
        sa.Column("segment", NUMBER, comment="NULL while the request waits"),
        sa.Column("payload", sa.LargeBinary, comment="JSON lines; NULL once they lie in the landing folder"),
        sa.UniqueConstraint("source", "agency", "key"),
        sqlite_autoincrement=True,
        if_not_exists=True,
    )
    columns = ["segment", "source", "agency", "id", "rows"]
    op.create_index("push_request_segment", "push_request", columns, if_not_exists=True)


def _make_outcomes() -> None:
    broken = "JSON: per quarantined row of the request the rules it breaks"
    op.create_table(
        "push_outcome",
        sa.Column("receipt", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False, comment="held, rejected or taken"),
        sa.Column("accepted", sa.BigInteger, nullable=False),
        sa.Column("quarantined", sa.BigInteger, nullable=False),
        sa.Column("rules", sa.Text, nullable=False, comment=broken),
        sa.Column("noted_at", sa.Double, nullable=False, comment=CLOCK),
        if_not_exists=True,
    )
