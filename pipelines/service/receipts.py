"""`GET /receipts/<receipt>`: what became of the rows that an agency pushed."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from pipelines.database.queue import Queue
from pipelines.service.record import NOTES
from pipelines.service.refusals import Refusal
from pipelines.service.senders import Sender


def receipts_router(sender: Sender, queue: Queue) -> APIRouter:
    """Answers each agency for its own receipts alone."""
    router = APIRouter()

    @router.get("/receipts/{receipt}")
    async def became(receipt: str, request: Request) -> JSONResponse:
        agency = await sender(request)
        found = await run_in_threadpool(queue.outcome, receipt, agency)
        if found is None:
            reason = f"{agency} has no such receipt, or it is older than what is kept"
            raise Refusal(404, "no_such_receipt", reason, "correct it: it stands in the answer to what was pushed")
        request.scope[NOTES]["source"] = found["source"]
        return JSONResponse(found)

    return router
