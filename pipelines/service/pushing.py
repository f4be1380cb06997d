"""`POST /ingest/<source>`: rows are taken once and durably, or refused before anything of them is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from pipelines.database.queue import Queue, Receipt
from pipelines.database.queue import Request as Pushed
from pipelines.declarations.catalog import Catalog
from pipelines.service.record import NOTES, PATIENCE
from pipelines.service.refusals import Refusal
from pipelines.service.rows import JSON, JSON_LINES, Rows
from pipelines.service.senders import Sender

LONGEST_KEY = 200


def pushing_router(sender: Sender, queue: Queue, catalog: Catalog, longest: int) -> APIRouter:
    """Takes rows of every source that is delivered as files; a body has `longest` bytes at most."""
    router = APIRouter()
    intake = _Intake(queue, catalog)

    @router.post("/ingest/{source}")
    async def ingest(source: str, request: Request) -> JSONResponse:
        agency = await sender(request)
        known = intake.source(source, agency)
        request.scope[NOTES]["source"] = source
        content_type, key = _content_type(request.headers), _key(request.headers)
        body = await _body(request, longest)
        receipt = await run_in_threadpool(intake.take, Pushed.of(source, agency, key, body), known, body, content_type)
        request.scope[NOTES]["rows"] = f"{receipt.accepted} rows"
        return JSONResponse({"accepted": receipt.accepted, "receipt": receipt.receipt}, 202)

    return router


@dataclass(frozen=True)
class _Source:
    providers: tuple[str, ...]
    rows: Rows


class _Intake:
    """Where rows are handed in: of which sources, by whom, and whether they can be read."""

    def __init__(self, queue: Queue, catalog: Catalog) -> None:
        self._queue = queue
        by_file = (contract for contract in catalog.contracts.values() if contract.table is None)
        self._sources = {contract.name: _Source(contract.providers, Rows(contract)) for contract in by_file}

    def source(self, name: str, agency: str) -> _Source:
        """A source of this name that the agency may push to; raises Refusal."""
        known = self._sources.get(name)
        if known is None:
            reason = "there is no source of this name, or its rows come from a table of a front-end database"
            raise Refusal(404, "no_such_source", reason, "correct the name: it is that of the contract's file")
        if agency not in known.providers:
            reason = f"{agency} is no provider of {name}"
            todo = f"push to a source of your own, or have {agency} added to its contract's `providers`"
            raise Refusal(403, "no_provider", reason, todo)
        return known

    def take(self, request: Pushed, source: _Source, body: bytes, content_type: str) -> Receipt:
        """Keep the rows of a body; raises Refusal, KeyReusedError or QueueFullError."""
        # What was accepted once is accepted, also when the contract has changed since or the queue is full now.
        return self._queue.known(request) or self._queue.take(request, source.rows.lines(body, content_type))


def _content_type(headers: Mapping[str, str]) -> str:
    media_type, _, rest = headers.get("Content-Type", "").partition(";")
    content_type, charset = media_type.strip().lower(), rest.strip().lower().replace('"', "")
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
