"""Who sends a request: the agency of the token that it bears."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from pipelines.database.tokens import Tokens
from pipelines.service.record import NOTES
from pipelines.service.refusals import unknown_token

Sender = Callable[[Request], Awaitable[str]]


def sender_by(tokens: Tokens) -> Sender:
    """What tells a request's agency; it raises Refusal or TokenRefusedError for a stranger, who learns nothing else."""

    async def sender(request: Request) -> str:
        token = _bearer_token(request.headers.get("Authorization", ""))
        agency = await run_in_threadpool(tokens.agency, token)
        request.scope[NOTES]["agency"] = agency
        return agency

    return sender


def _bearer_token(authorization: str) -> str:
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise unknown_token("the request has no bearer token", "send the header `Authorization: Bearer TOKEN`")
    return token.strip()
