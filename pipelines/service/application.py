"""The HTTP application: `POST /ingest/<source>`, `GET /receipts/<receipt>`, `GET /health`; it never opens the lake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Lifespan

from pipelines.database import queue
from pipelines.database.connection import Database, DatabaseAwayError
from pipelines.database.queue import KeyReusedError, Queue, QueueFullError, Receipt
from pipelines.database.tokens import TokenRefusedError, Tokens
from pipelines.declarations.catalog import Catalog
from pipelines.service.record import NOTES, PATIENCE, Recorded
from pipelines.service.refusals import Refusal
from pipelines.service.rows import JSON, JSON_LINES, Rows
from pipelines.settings import Settings

LONGEST_KEY = 200
RETRY_AFTER = 10  # seconds


def application(settings: Settings, catalog: Catalog, database: Database) -> ASGIApp:
    """The application over one database; raises ServiceError without `HUILIU_TOKEN_KEY`."""
    counter = _Counter(settings, catalog, database)
    # Its own pages load scripts from other hosts, and its own checks of a request repeat values.
    # A redirect to the path without its last slash would name whatever host the sender writes.
    app = FastAPI(
        title="Huiliu 汇流",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_closing(database),
    )

    @app.post("/ingest/{source}")
    async def ingest(source: str, request: Request) -> JSONResponse:
        receipt = await counter.take(source, request)
        return JSONResponse({"accepted": receipt.accepted, "receipt": receipt.receipt}, 202)

    @app.get("/receipts/{receipt}")
    async def became(receipt: str, request: Request) -> JSONResponse:
        return JSONResponse(await counter.became(receipt, request))

    @app.get("/health")
    async def health() -> dict[str, str]:
        await run_in_threadpool(counter.queue.waiting)
        return {"status": "good"}

    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(TokenRefusedError, _of_no_token)
    app.add_exception_handler(KeyReusedError, _of_another_body)
    app.add_exception_handler(QueueFullError, _of_too_many)
    app.add_exception_handler(DatabaseAwayError, _away)
    app.add_exception_handler(HTTPException, _no_such_thing)
    app.add_exception_handler(Exception, _failed)
    return Recorded(app, drained=8 * settings.push_bytes)


@dataclass(frozen=True)
class _Source:
    providers: tuple[str, ...]
    rows: Rows


class _Counter:
    """Where a request is handed in: who sends what, whether they may, and whether it can be read."""

    def __init__(self, settings: Settings, catalog: Catalog, database: Database) -> None:
        self._bytes = settings.push_bytes
        self._tokens = Tokens(database, settings)
        self.queue = Queue(database, settings.push_limit)
        by_file = (one for one in catalog.contracts.values() if one.table is None)
        self._sources = {one.name: _Source(one.providers, Rows(one)) for one in by_file}

    async def take(self, source: str, request: Request) -> Receipt:
        """Take a request's rows; raises Refusal. Who is a stranger learns nothing, and nothing of his is read."""
        notes = request.scope[NOTES]
        agency = notes["agency"] = await run_in_threadpool(self._tokens.agency, _token(request.headers))
        known = self._source(source, agency)
        notes["source"] = source
        content_type, key = _content_type(request.headers), _key(request.headers)
        body = await _body(request, self._bytes)
        said = queue.Request.of(source, agency, key, body)
        receipt = await run_in_threadpool(self._queued, said, known, body, content_type)
        notes["rows"] = f"{receipt.accepted} rows"
        return receipt

    async def became(self, receipt: str, request: Request) -> dict[str, Any]:
        """What became of the rows of a receipt; raises Refusal where it is none of the sender's."""
        notes = request.scope[NOTES]
        agency = notes["agency"] = await run_in_threadpool(self._tokens.agency, _token(request.headers))
        found = await run_in_threadpool(self.queue.outcome, receipt, agency)
        if found is None:
            reason = f"{agency} has no such receipt, or it is older than what is kept"
            raise Refusal(404, "no_such_receipt", reason, "correct it: it stands in the answer to what was pushed")
        notes["source"] = found["source"]
        return found

    def _source(self, source: str, agency: str) -> _Source:
        known = self._sources.get(source)
        if known is None:
            reason = "there is no source of this name, or its rows come from a table of a front-end database"
            raise Refusal(404, "no_such_source", reason, "correct the name: it is that of the contract's file")
        if agency not in known.providers:
            reason = f"{agency} is no provider of {source}"
            todo = f"push to a source of your own, or have {agency} added to its contract's `providers`"
            raise Refusal(403, "no_provider", reason, todo)
        return known

    def _queued(self, request: queue.Request, source: _Source, body: bytes, content_type: str) -> Receipt:
        # What was accepted once is accepted, also when the contract has changed since or the queue is full now.
        return self.queue.known(request) or self.queue.take(request, source.rows.lines(body, content_type))


def _token(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise _unknown("the request has no bearer token", "send the header `Authorization: Bearer TOKEN`")
    return token.strip()


def _unknown(reason: str, todo: str, state: str = "unknown") -> Refusal:
    return Refusal(401, f"token_{state}", reason, todo, WWW_Authenticate="Bearer")


def _content_type(headers: Mapping[str, str]) -> str:
    said, _, rest = headers.get("Content-Type", "").partition(";")
    content_type, charset = said.strip().lower(), rest.strip().lower().replace('"', "")
    if content_type not in (JSON, *JSON_LINES) or charset not in ("", "charset=utf-8"):
        reason = "the body is announced as something else than JSON or JSON lines in UTF-8"
        todo = f"send Content-Type: {JSON} for an array or an object, {JSON_LINES[0]} for JSON lines"
        raise Refusal(415, "content_type", reason, todo)
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Refusal(415, "content_encoding", "the body is compressed", "send it as it is, in smaller requests")
    return content_type


def _key(headers: Mapping[str, str]) -> str:
    key = headers.get("Idempotency-Key", "").strip()
    if not key:
        reason = "the header Idempotency-Key is missing, by which a request that is sent again is known"
        raise Refusal(400, "no_key", reason, "send a key that no other body has had, such as a UUID")
    if len(key) > LONGEST_KEY or not (key.isascii() and key.isprintable()):
        reason = f"the Idempotency-Key is longer than {LONGEST_KEY} characters, or not of printable ASCII"
        raise Refusal(400, "bad_key", reason, "send a shorter one, such as a UUID")
    return key


async def _body(request: Request, limit: int) -> bytes:
    announced = request.headers.get("Content-Length", "")
    too_long = Refusal(
        413, "body_too_long", f"the body is longer than {limit:,} bytes", "send the rows in several requests"
    )
    if announced.isdecimal() and int(announced) > limit:
        raise too_long
    body = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise too_long
    except ClientDisconnect:
        raise Refusal(400, "gone", "the connection closed before the body was whole", "send it again") from None
    except TimeoutError:
        reason = f"the body had not arrived after {PATIENCE} seconds"
        raise Refusal(408, "too_slow", reason, "send it again under the same key, in smaller requests") from None
    return bytes(body)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refusal)
    request.scope[NOTES]["error"] = error.error
    return JSONResponse(error.body, error.status, headers=dict(error.headers))


async def _of_no_token(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, TokenRefusedError)
    if not error.name:
        todo = "send the token as it was issued, or ask for a new one"
        return await _refused(request, _unknown("no such token was issued", todo))
    reason = f"the token {error.name} is {error.state}"
    return await _refused(request, _unknown(reason, "ask for a new one", error.state))


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


def _closing(database: Database) -> Lifespan[FastAPI]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with database:
            yield

    return lifespan
