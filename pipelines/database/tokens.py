"""Tokens of agencies: 256 random bits behind an id, of which only an HMAC-SHA256 is kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from pipelines.database.connection import Database, ServiceError
from pipelines.database.tables import TOKENS
from pipelines.settings import Settings

PREFIX = "huiliu"  # by it a token that was published by mistake is recognised
DAY = 86_400
SHORTEST_KEY = 32


@dataclass(frozen=True)
class Token:
    """What is kept of a token, without its secret. Times are seconds since 1970; `state` is as of the asking."""

    id: str
    agency: str
    issued_at: float
    expires_at: float
    state: str


class TokenRefusedError(Exception):
    """A token that does not count: `state` is unknown, revoked or expired, `name` its id unless it is unknown."""

    def __init__(self, state: str, name: str = "") -> None:
        super().__init__(f"{name} {state}".strip())
        self.state, self.name = state, name


class Tokens:
    """The tokens of one database. Raises ServiceError at once where `HUILIU_TOKEN_KEY` is missing or short."""

    def __init__(self, database: Database, settings: Settings) -> None:
        secret = settings.token_key.get_secret_value() if settings.token_key else ""
        if len(secret) < SHORTEST_KEY:
            what = f"is shorter than {SHORTEST_KEY} characters" if secret else "is not set"
            raise ServiceError(
                f"HUILIU_TOKEN_KEY {what}, and tokens are kept under it",
                "make a key once with `openssl rand -hex 32`, keep it where secrets are kept, and set the same one for "
                "`huiliu serve` and `huiliu token`. With another key every token that was issued is unknown",
                2,
            )
        self._database, self._key = database, secret.encode()

    def issue(self, agency: str, days: int) -> str:
        """A new token, valid from now on for `days`; it is shown this once and cannot be read again."""
        name, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        token = f"{PREFIX}_{name}_{secret}"
        now = self._database.now
        row = {"id": name, "agency": agency, "digest": self._digest(token)}
        with self._database.transaction() as connection:
            connection.execute(sa.insert(TOKENS).values(**row, issued_at=now, expires_at=now + days * DAY))
        return token

    def list(self) -> list[Token]:
        """All tokens, the newest first."""
        with self._database.transaction() as connection:
            found = connection.execute(self._with_now().order_by(TOKENS.c.issued_at.desc(), TOKENS.c.id)).all()
        return [Token(row.id, row.agency, row.issued_at, row.expires_at, _state(row)) for row in found]

    def revoke(self, name: str) -> bool:
        """Let a token count no more; False where it was revoked before. Raises LookupError for an unknown id."""
        unrevoked = sa.update(TOKENS).where(TOKENS.c.id == name, TOKENS.c.revoked_at.is_(None))
        with self._database.transaction() as connection:
            if connection.execute(sa.select(TOKENS.c.id).where(TOKENS.c.id == name)).first() is None:
                raise LookupError(f"no token has the id {name}; `huiliu token list` shows them")
            return connection.execute(unrevoked.values(revoked_at=self._database.now)).rowcount == 1

    def agency(self, token: str) -> str:
        """Whose a token is; raises TokenRefusedError where it does not count."""
        name = token.split("_")[1] if token.count("_") >= 2 else ""
        with self._database.transaction() as connection:
            row = connection.execute(self._with_now().where(TOKENS.c.id == name)).first()
        # Compared also where there is none: the time taken tells nobody which ids exist.
        kept = row.digest if row else bytes(32)
        if not hmac.compare_digest(self._digest(token), kept) or row is None:
            raise TokenRefusedError("unknown")
        state = _state(row)
        if state != "valid":
            raise TokenRefusedError(state, row.id)
        return str(row.agency)

    def _with_now(self) -> sa.Select[Any]:
        return sa.select(TOKENS, self._database.now.label("now"))

    def _digest(self, token: str) -> bytes:
        return hmac.digest(self._key, token.encode(), hashlib.sha256)


def _state(row: Any) -> str:
    if row.revoked_at is not None:
        return "revoked"
    return "valid" if row.now < row.expires_at else "expired"
