"""What is answered where a request is not taken: each error of the service and of its database as a refusal."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from pipelines.database.connection import DatabaseAwayError
from pipelines.database.queue import KeyReusedError, QueueFullError
from pipelines.database.tokens import TokenRefusedError
from pipelines.service.record import NOTES
from pipelines.service.refusals import Refusal, unknown_token

RETRY_AFTER = 10  # seconds


def answer_errors(app: FastAPI) -> None:
    """Let the application answer every error with status, word, reason and what to do."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(TokenRefusedError, _of_no_token)
    app.add_exception_handler(KeyReusedError, _of_another_body)
    app.add_exception_handler(QueueFullError, _of_too_many)
    app.add_exception_handler(DatabaseAwayError, _away)
    app.add_exception_handler(HTTPException, _no_such_thing)
    app.add_exception_handler(Exception, _failed)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refusal)
    request.scope[NOTES]["error"] = error.error
    return JSONResponse(error.body, error.status, headers=dict(error.headers))


async def _of_no_token(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, TokenRefusedError)
    if not error.name:
        todo = "send the token as it was issued, or ask for a new one"
        return await _refused(request, unknown_token("no such token was issued", todo))
    reason = f"the token {error.name} is {error.state}"
    return await _refused(request, unknown_token(reason, "ask for a new one", error.state))


async def _of_another_body(request: Request, _: Exception) -> JSONResponse:
    reason = "this Idempotency-Key came before with another body, whose rows were accepted"
    todo = "send each body under a key of its own, and a body again under the same key"
    return await _refused(request, Refusal(409, "key_reused", reason, todo))


async def _of_too_many(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, QueueFullError)
    if error.rows > error.limit:
        reason = f"the request has {error.rows:,} rows, and no more than {error.limit:,} may wait at all"
        return await _refused(request, Refusal(413, "too_many_rows", reason, "send the rows in smaller requests"))
    reason = f"{error.waiting:,} rows wait to be processed, and no more than {error.limit:,} may"
    todo = "send the same request under the same key again after the seconds that Retry-After says"
    return await _refused(request, Refusal(429, "queue_full", reason, todo, Retry_After=str(RETRY_AFTER)))


async def _away(request: Request, error: Exception) -> JSONResponse:
    request.scope[NOTES]["failure"] = str(error)
    reason = "the database that keeps what is pushed does not answer, so nothing was accepted for certain"
    todo = "send the same request under the same key again: it is taken once"
    return await _refused(request, Refusal(503, "database_away", reason, todo, Retry_After=str(RETRY_AFTER)))


async def _no_such_thing(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    todo = (
        "send rows by POST to /ingest/SOURCE; GET /receipts/RECEIPT says what became of them, GET /health whether the "
        "service is well"
    )
    if error.status_code == 405:
        return await _refused(request, Refusal(405, "method", "this path is not used with this method", todo))
    return await _refused(request, Refusal(error.status_code, "no_such_path", "there is no such path", todo))


async def _failed(_: Request, error: Exception) -> JSONResponse:
    todo = "send the same request under the same key again; if it stays so, tell those who run this service the time"
    refusal = Refusal(500, "internal", "something unforeseen happened, and nothing was accepted for certain", todo)
    return JSONResponse(refusal.body, refusal.status)
